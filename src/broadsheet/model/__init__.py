"""The nouns of Broadsheet: frozen dataclasses that import only the standard library."""

from broadsheet.model.attention import Attention, Count
from broadsheet.model.delivery import Delivery, DeliveryKind, DeliveryState
from broadsheet.model.edition import SAMPLE_LABEL, Edition, EditionItem, EditionOutline, Section
from broadsheet.model.hit import Hit, HitList, Mode, Sort, Tier
from broadsheet.model.paper import Malformed, Notice, Paper
from broadsheet.model.period import Period, Span
from broadsheet.model.pick import Pick
from broadsheet.model.reader import Reader
from broadsheet.model.signal import Kind, Signal
from broadsheet.model.source import STARTER, Gap, PaperFilter, SourceState
from broadsheet.model.submission import Submission
from broadsheet.model.subscription import Subscription, SubscriptionState
from broadsheet.model.trend import Trend, Trending

__all__ = [
    "SAMPLE_LABEL",
    "STARTER",
    "Attention",
    "Count",
    "Delivery",
    "DeliveryKind",
    "DeliveryState",
    "Edition",
    "EditionItem",
    "EditionOutline",
    "Gap",
    "Hit",
    "HitList",
    "Kind",
    "Malformed",
    "Mode",
    "Notice",
    "Paper",
    "PaperFilter",
    "Period",
    "Pick",
    "Reader",
    "Section",
    "Signal",
    "Sort",
    "SourceState",
    "Span",
    "Submission",
    "Subscription",
    "SubscriptionState",
    "Tier",
    "Trend",
    "Trending",
]
