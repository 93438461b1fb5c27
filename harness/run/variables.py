"""Which variables of the environment a backend sees: what it needs, and no more.

A backend runs somebody else's code. It is not given what the harness happened to be started with,
which may hold tokens of other things, but only the variables below, those that the user passes by
name (`--pass-env`), and what the harness sets itself. docs/running.md says the same.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence

from harness.digest import digest_text
from harness.errors import UsageError, nearest

__all__ = ["check_passed", "passed_digests", "variables"]

_NEEDED = re.compile(
    r"""
    PATH | HOME | USER | LOGNAME | SHELL | LANG | LANGUAGE | TZ | TMPDIR | TMP | TEMP
    | LD_LIBRARY_PATH | LD_PRELOAD | DYLD_LIBRARY_PATH | VIRTUAL_ENV | CONDA_PREFIX | JAVA_HOME
    | NODE_PATH | XDG_(CACHE|CONFIG|DATA)_HOME | HARNESS_(HOME|CACHE|ENVS)
    | HF_(HOME|HUB_CACHE|HUB_(ETAG|DOWNLOAD)_TIMEOUT)
    | HUGGINGFACE_HUB_CACHE | TRANSFORMERS_CACHE | SENTENCE_TRANSFORMERS_HOME | TORCH_HOME
    | STANZA_RESOURCES_DIR | FLAIR_CACHE_ROOT | NLTK_DATA
    | CUBLAS_WORKSPACE_CONFIG | (CUDA|HIP|ROCR)_VISIBLE_DEVICES | PYTORCH_CUDA_ALLOC_CONF
    | LC_(ALL|COLLATE|CTYPE|MESSAGES|MONETARY|NUMERIC|TIME)
    | PYTHON(PATH|HOME|USERBASE|NOUSERSITE|SAFEPATH|UTF8|IOENCODING|WARNINGS|OPTIMIZE|DEVMODE)
    | PYTHON(DONTWRITEBYTECODE|PYCACHEPREFIX|MALLOC|FAULTHANDLER|UNBUFFERED)
    | CUDA_(HOME|PATH|DEVICE_ORDER|CACHE_(PATH|DISABLE)|LAUNCH_BLOCKING|MODULE_LOADING)
    | OMP_(DYNAMIC|PROC_BIND|PLACES|SCHEDULE|STACKSIZE|THREAD_LIMIT|WAIT_POLICY)
    | MKL_(DYNAMIC|CBWR|THREADING_LAYER|INTERFACE_LAYER|ENABLE_INSTRUCTIONS|DEBUG_CPU_TYPE)
    | KMP_(AFFINITY|BLOCKTIME|DUPLICATE_LIB_OK|INIT_AT_FORK|SETTINGS|STACKSIZE)
    | OPENBLAS_(CORETYPE|MAIN_FREE|VERBOSE)
    """,
    re.VERBOSE,
)
"""Programs and libraries, words and clocks; where models are kept; which device computes, and how.
Each by its whole name: a family such as `PYTHON*` would let in names that nobody has thought of."""

_ONLINE = re.compile(
    "(HTTP|HTTPS|ALL|NO|http|https|all|no)_(PROXY|proxy)"
    "|SSL_CERT_(FILE|DIR)|(REQUESTS|CURL)_CA_BUNDLE|HF_ENDPOINT"
)
"""The way to the net. An address may hold a password, so that it needs a reason to pass."""

_THREADS = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "BLIS_NUM_THREADS",
    "RAYON_NUM_THREADS",
)
_SET = {
    "TOKENIZERS_PARALLELISM": "false",
    "PYTHONUTF8": "1",
    # Set iteration must not differ between two processes that are to give the same answer.
    "PYTHONHASHSEED": "0",
}
_OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE")


def variables(
    *, threads: int = 1, offline: bool = True, passed: Sequence[str] = ()
) -> dict[str, str]:
    """The environment of a backend; `passed` are further variables by name.

    Threads of numeric libraries are pinned; `offline` tells the model hubs to stay on this machine.
    Raises `UsageError` for a name that `check_passed` refuses.
    """
    check_passed(passed)
    known = {
        name: value
        for name, value in os.environ.items()
        if name in passed or _is_needed(name, offline=offline)
    }
    known |= dict.fromkeys(_THREADS, str(threads)) | _SET
    return known | dict.fromkeys(_OFFLINE, "1") if offline else known


def check_passed(names: Sequence[str]) -> None:
    """Raise `UsageError` for a variable that is not set, or that the harness sets itself."""
    for name in names:
        if name in (*_THREADS, *_SET, *_OFFLINE):
            raise UsageError(f"{name} cannot be passed to a backend: the harness sets it itself")
        if name not in os.environ:
            raise UsageError(
                f"the variable {name!r} is to be passed to backends, and is not set"
                f"{nearest(name, os.environ, listed=False)}"
            )


def passed_digests(names: Sequence[str]) -> Mapping[str, str]:
    """sha256 of the values of variables, by name: what may be written down of them.

    Raises what `check_passed` does.
    """
    check_passed(names)
    return {name: digest_text(os.environ[name]) for name in sorted(names)}


def _is_needed(name: str, *, offline: bool) -> bool:
    return bool(_NEEDED.fullmatch(name) or (_ONLINE.fullmatch(name) and not offline))
