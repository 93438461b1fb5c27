"""Quotation marks, and what they say of a content: direct, indirect or mixed."""

from harness.quotation.kinds import DIRECT_SHARE, kind_of, quoted_regions

__all__ = ["DIRECT_SHARE", "kind_of", "quoted_regions"]
