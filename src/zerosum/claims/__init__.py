"""Claims: what each paper says, as an executable check against the baseline it names."""

from .claim import Check, Claim, Side, claim_of, claimed
from .verify import SEEDS, Verdict, verify

__all__ = ["Check", "Claim", "SEEDS", "Side", "Verdict", "claim_of", "claimed", "verify"]
