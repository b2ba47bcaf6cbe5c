"""Model cards of the invented Hub: front matter that agrees with the tags, and the kinds of text that cards have."""

import json
import random
import re
from functools import lru_cache
from typing import Any, Literal

from ptm_spark.standin.families import FAMILIES, WORDS
from ptm_spark.standin.life import Model

Kind = Literal["bare", "trainer", "template", "written"]

#: the mark by which the cards that the Trainer writes are known
TRAINER_MARK = (
    "<!-- This model card has been generated automatically according to the information the Trainer had access to. -->"
)
PLACEHOLDER = "[More Information Needed]"
_TEMPLATE_HEADINGS = (
    "## Model Details", "### Model Description", "### Model Sources", "## Uses", "### Direct Use",
    "### Out-of-Scope Use", "## Bias, Risks, and Limitations", "## How to Get Started with the Model",
    "## Training Details", "### Training Data", "## Evaluation", "### Results", "## Environmental Impact",
    "## Citation", "## Model Card Contact",
)  # fmt: skip
_WRITTEN_HEADINGS = (
    "## Intended uses", "## Training data", "## Training procedure", "## Evaluation results", "## Limitations and bias",
    "## How to use", "## License",
)  # fmt: skip
_ARXIVS = {family.name: family.arxiv for family in FAMILIES}
_PLAIN = re.compile(r"[A-Za-z][\w./-]*")
_RESERVED = {"no", "yes", "on", "off", "true", "false", "null", "y", "n"}


def card_kind(model: Model) -> Kind:
    """What kind of card the model has from its first to its last revision."""
    chance = _rng(model).random()
    if chance < 0.15:
        return "bare"
    if chance < 0.4 and model.library_name == "transformers":
        return "trainer"
    return "template" if chance < 0.6 else "written"


def has_broken_front_matter(model: Model) -> bool:
    """True for one card in a hundred: its YAML cannot be parsed, and the Hub knows no card data of it."""
    return random.Random(f"yaml {model.repo_oid}").random() < 0.01


@lru_cache(maxsize=50_000)
def front_matter(model: Model) -> dict[str, Any]:
    """The card's metadata as the Hub parses it; values of one are text, of several are lists, as authors write them."""
    found: dict[str, list[str]] = {}
    for tag in model.tags:
        key, colon, value = tag.partition(":")
        if colon and key in {"license", "dataset", "base_model"} and ":" not in value:
            found.setdefault({"dataset": "datasets"}.get(key, key), []).append(value)
        elif re.fullmatch(r"[a-z]{2}(-[A-Za-z]+)?", tag):
            found.setdefault("language", []).append(tag)
    data: dict[str, Any] = {
        key: values[0] if len(values) == 1 and key != "datasets" else values for key, values in found.items()
    }
    if not data:
        return data
    if model.library_name is not None:
        data["library_name"] = model.library_name
    if card_kind(model) == "trainer":
        data["tags"] = ["generated_from_trainer"]
    index = model_index(model)
    if index is not None:
        data["model-index"] = index
    return data


def model_index(model: Model) -> list[Any] | dict[str, Any] | None:
    """Evaluation results of the front matter: a list, rarely a lone object, often None."""
    rng = random.Random(f"results {model.repo_oid}")
    if model.pipeline_tag is None or rng.random() >= 0.2:
        return None
    entry = {
        "name": model.name.rpartition("/")[2],
        "results": [
            {
                "task": {"type": model.pipeline_tag, "name": model.pipeline_tag.replace("-", " ").title()},
                "dataset": {"name": rng.choice(WORDS), "type": f"{rng.choice(WORDS)}/{rng.choice(WORDS)}"},
                "metrics": [{"type": "accuracy", "value": round(rng.uniform(0.4, 0.99), 4), "name": "Accuracy"}],
            }
        ],
    }
    return entry if rng.random() < 0.03 else [entry]


def card_text(model: Model, revision: int) -> str:
    """README.md at that revision (1 is the first), with the line ends and byte order mark that its author saved."""
    rng = random.Random(f"card {model.repo_oid} {revision}")
    style = _rng(model)
    style.random()
    data = front_matter(model)
    text = _yaml(model, data) if data else ""
    kind = card_kind(model)
    name = model.name.rpartition("/")[2]
    if kind == "bare":
        text += f"\n# {name}\n" if revision > 1 else ""
        text += "".join(f"\nNote {number}.\n" for number in range(2, revision))
    elif kind == "trainer":
        text += _trainer(model, name, rng, revision)
    elif kind == "template":
        filled = min(len(_TEMPLATE_HEADINGS), 2 * (revision - 1))
        text += f"\n# Model Card for {name}\n"
        for place, heading in enumerate(_TEMPLATE_HEADINGS):
            text += f"\n{heading}\n\n{_paragraph(model, rng) if place < filled else PLACEHOLDER}\n"
        text += f"\nCard revision: {revision}\n"
    else:
        text += f"\n# {name}\n\n{_paragraph(model, rng)}\n"
        for heading in _WRITTEN_HEADINGS[: 1 + style.randrange(4) + revision]:
            text += f"\n{heading}\n\n{_paragraph(model, rng)}\n"
        text += f"\n```python\nfrom transformers import pipeline\n\npipe = pipeline(model={model.name!r})\n```\n"
    if style.random() < 0.003:
        text += (
            "\n" + "| step | loss |\n| --- | --- |\n" + "".join(f"| {n} | {1 / (n + 1):.6f} |\n" for n in range(12_000))
        )
    if style.random() < 0.02:
        text = text.replace("\n", "\r\n")
    return "\ufeff" + text if style.random() < 0.005 else text


def _trainer(model: Model, name: str, rng: random.Random, revision: int) -> str:
    rows = "".join(
        f"| {rng.uniform(0.1, 2):.4f} | {step}.0 | {step * 500} | {rng.uniform(0.1, 2):.4f} |\n"
        for step in range(1, 3 + revision)
    )
    return (
        f"\n{TRAINER_MARK}\n\n# {name}\n\nIt achieves the following results:\n- Loss: {rng.uniform(0.1, 2):.4f}\n\n"
        "## Model description\n\nMore information needed\n\n## Intended uses & limitations\n\n"
        "More information needed\n\n## Training and evaluation data\n\nMore information needed\n\n"
        "## Training procedure\n\n### Training hyperparameters\n\n"
        f"- learning_rate: {rng.choice(('2e-05', '5e-05', '0.0001'))}\n- train_batch_size: {rng.choice((8, 16, 32))}\n"
        f"- seed: 42\n- num_epochs: {rng.randrange(1, 10)}\n\n### Training results\n\n"
        f"| Training Loss | Epoch | Step | Validation Loss |\n|:---:|:---:|:---:|:---:|\n{rows}\n"
        f"### Framework versions\n\n- Transformers 4.{20 + rng.randrange(25)}.{revision}\n"
    )


def _paragraph(model: Model, rng: random.Random) -> str:
    arxiv = _ARXIVS.get(model.family or "", "")
    sentences = [
        f"This is a {model.family or 'small'} model for {model.pipeline_tag or 'experiments'}.",
        f"It was trained on the {rng.choice(WORDS)} and {rng.choice(WORDS)} corpora for {rng.randrange(1, 40)} epochs.",
        f"It should not be used to judge people; errors of up to {rng.randrange(3, 30)} % were seen.",
        f"On {rng.choice(WORDS)} it reaches {rng.uniform(40, 99):.1f} points.",
        f"Die Größe des Datensatzes: {rng.randrange(1, 900)} 万 Sätze – naïve Zählung 🤗.",
        f"See https://arxiv.org/abs/{arxiv} for the method." if arxiv else "The method has not been published.",
    ]
    return " ".join(rng.sample(sentences, rng.randrange(1, 5)))


def _yaml(model: Model, data: dict[str, Any]) -> str:
    lines = []
    for key, value in data.items():
        if isinstance(value, list) and all(isinstance(part, str) for part in value):
            lines += [f"{key}:", *(f"- {_scalar(part)}" for part in value)]
        else:
            lines.append(f"{key}: {_scalar(value) if isinstance(value, str) else _json(value)}")
    if has_broken_front_matter(model):
        lines.append("widget: [unclosed: {")
    return "---\n" + "\n".join(lines) + "\n---\n"


def _scalar(text: str) -> str:
    if _PLAIN.fullmatch(text) and text.isascii() and text.lower() not in _RESERVED:
        return text
    return _json(text)


def _json(value: Any) -> str:
    """JSON that YAML reads alike: it knows no pairs of surrogates, and takes U+2028 for a line end."""
    return json.dumps(value, ensure_ascii=False).replace("\u2028", "\\u2028")


def _rng(model: Model) -> random.Random:
    return random.Random(f"style {model.repo_oid}")
