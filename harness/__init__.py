"""Compare named-entity and quotation-attribution backends on gold annotations.

Names are imported when they are first used, so that `import harness` stays cheap.
"""

from __future__ import annotations

__version__ = "0.1.0"
