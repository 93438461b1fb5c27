"""Strict entity F1 of the reference models on a corpus in CoNLL columns, on running text.

Tokens are joined by spaces and only the text is given to the model, which tokenises it itself;
an entity is right when its characters and its label are. ``--join N`` puts N sentences on a line
(transformers sees them as one text; Stanza's sentence borders are kept).
"""

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from data import conll_columns, spans_of

Entity = tuple[int, int, str]

# Labels of CoNLL-2003 and CrossNER (politics), in the spelling of zliucr/CrossNER.
LABELS = {
    **dict.fromkeys(["person", "politician", "PER"], "PER"),
    **dict.fromkeys(["organisation", "politicalparty", "ORG"], "ORG"),
    **dict.fromkeys(["location", "country", "LOC"], "LOC"),
    **dict.fromkeys(["misc", "event", "election", "MISC"], "MISC"),
}


def documents(path: Path, join: int) -> Iterator[tuple[list[str], list[set[Entity]]]]:
    """Sentences as text with their gold entities, in groups of ``join``."""
    texts, golds = [], []
    for sentence in conll_columns(path.read_text(encoding="utf-8"), path.stem):
        starts, at = [], 0
        for token in sentence.tokens:
            starts.append(at)
            at += len(token) + 1
        gold = {
            (starts[a], starts[b - 1] + len(sentence.tokens[b - 1]), LABELS[label])
            for a, b, label in spans_of(sentence.tags)
        }
        texts.append(" ".join(sentence.tokens))
        golds.append(gold)
        if len(texts) == join:
            yield texts, golds
            texts, golds = [], []
    if texts:
        yield texts, golds


def load_transformers(folder: Path) -> Any:
    import torch
    from peft import PeftModel
    from train_transformers import base_folder
    from transformers import (
        AutoConfig,
        AutoModelForTokenClassification,
        AutoTokenizer,
        pipeline,
    )

    base, config = base_folder(), AutoConfig.from_pretrained(folder)
    model = AutoModelForTokenClassification.from_pretrained(
        base, config=config, dtype=torch.float32
    )
    model = PeftModel.from_pretrained(model, folder).merge_and_unload().eval()
    return pipeline(
        "token-classification", model=model, tokenizer=AutoTokenizer.from_pretrained(base),
        aggregation_strategy="first", stride=128, device="cpu",
    )  # fmt: skip


def predict_transformers(model: Any, texts: list[str]) -> Iterable[Entity]:
    for e in model(" ".join(texts)):
        yield int(e["start"]), int(e["end"]), e["entity_group"]


def load_stanza(file: Path) -> Any:
    import tempfile

    import spacy
    import stanza

    with tempfile.TemporaryDirectory() as folder:
        resources = {"en": {"lang_name": "English", "tokenize": {}, "packages": {}}}
        (Path(folder) / "resources.json").write_text(json.dumps(resources))
        nlp = stanza.Pipeline(
            "en", package=None, processors={"tokenize": "spacy", "ner": "own"},
            download_method=None, model_dir=folder, use_gpu=False, verbose=False,
            ner_model_path=str(file), ner_pretrain_path="",
            ner_forward_charlm_path="", ner_backward_charlm_path="",
        )  # fmt: skip
    return nlp, spacy.blank("en")


def predict_stanza(model: Any, texts: list[str]) -> Iterable[Entity]:
    from stanza.models.common.doc import Document

    nlp, tokeniser = model
    rows, at = [], 0
    for text in texts:
        rows.append(
            [
                {"text": t.text, "misc": f"start_char={at + t.idx}|end_char={at + t.idx + len(t)}"}
                for t in tokeniser(text)
                if not t.is_space
            ]
        )
        for number, word in enumerate(rows[-1], 1):
            word["id"] = (number,)
        at += len(text) + 1
    for e in nlp.process(Document(rows, " ".join(texts)), processors="ner").ents:
        yield e.start_char, e.end_char, e.type


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("kind", choices=["stanza", "transformers"])
    parser.add_argument("model", type=Path, help="Stanza's model file, or the adapter's folder")
    parser.add_argument("corpus", type=Path, nargs="+", help="files in CoNLL columns")
    parser.add_argument("--join", type=int, default=1)
    args = parser.parse_args()

    stanza = args.kind == "stanza"
    model = (load_stanza if stanza else load_transformers)(args.model)
    predict = predict_stanza if stanza else predict_transformers
    for corpus in args.corpus:
        right: Counter[str] = Counter()
        guessed: Counter[str] = Counter()
        gold: Counter[str] = Counter()
        for texts, golds in documents(corpus, args.join):
            at, truth = 0, set()
            for text, entities in zip(texts, golds, strict=True):
                truth |= {(at + start, at + end, label) for start, end, label in entities}
                at += len(text) + 1
            found = set(predict(model, texts))
            for bag, entities in ((right, truth & found), (guessed, found), (gold, truth)):
                bag.update(label for _, _, label in entities)
                bag["all"] += len(entities)
        print(f"{re.sub('_', ' ', corpus.stem)}, {args.join} sentence(s) at a time")
        for label in ("all", "PER", "ORG", "LOC", "MISC"):
            p = right[label] / max(guessed[label], 1)
            r = right[label] / max(gold[label], 1)
            score = 2 * p * r / max(p + r, 1e-9)
            print(f"  {label:4} P {p:.4f} R {r:.4f} F1 {score:.4f}  gold {gold[label]}", flush=True)


if __name__ == "__main__":
    main()
