"""Four papers that differ in fields, dates and words."""

from collections.abc import Mapping

from broadsheet.model import Paper

PAPERS: Mapping[int, Paper] = {
    1: Paper(
        "arxiv:2401.00001",
        "Sparse attention for kites",
        "Attention that is sparse.",
        ("Ada Cord", "Bo Farol"),
        ("cs.CL", "cs.LG"),
        "2024-01-05",
        arxiv_id="2401.00001",
    ),
    2: Paper(
        "doi:10.1000/boats",
        "Dense attention for paper boats",
        "Sparse winds, no sails.",
        ("Cleo D. Ortega",),
        ("cs.CV",),
        "2025",
        doi="10.1000/boats",
    ),
    3: Paper("hash:3", "Lanterns in the rain", None, (), ("physics.optics",), "2026-11-20"),
    4: Paper("hash:4", "Undated attention to sails", "Boat by boat."),
}
