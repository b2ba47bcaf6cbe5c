"""Texts of the invented forum: titles, questions and answers about model families."""

import random

from ptm_spark.standin.families import WORDS, Family, owner_name

_TITLES = (
    "How to fine-tune {name} for {task}?",
    "CUDA out of memory with {name}",
    "{name} gives other results on CPU and GPU",
    "Loss of {name} stays at the same value",
    "Which learning rate for {name} on {task}",
    "Tokenizer of {name} splits words in an odd way",
    "KeyError when loading {name}",
    "Exporting {name} to ONNX",
    "Is there a smaller {name}?",
    "{name} after pushing to the Hub: no widget",
    "Batch size for {name} on two GPUs",
    "Quantised {name} is slower than the full one",
    "Card of my {name} model is empty",
    "{name}: training stops after one epoch",
)
_ODD_TITLES = (
    "{name} 微调时显存不足",
    'Why does {name} drop <unk> & "quotes"?',
    ":hugs: {name} meetup notes",
    "Größe von {name} ändern – naïve question",
    "模型问题",
)
_QUESTIONS = (
    "I am training `{name}` on {task} with about {count}k examples, and it ends after {count} steps.",
    "Since the last update, {name} needs twice the memory. Does anybody else see that?",
    "My goal is **{task}** with {name}; the data has {count} classes and they are not balanced.",
    "I pushed my checkpoint to https://huggingface.co/{model} but it does not load any more.",
    "Has somebody compared {name} with a smaller one for {task}? I find nothing about it.",
)
_ANSWERS = (
    "You need to pass `max_length={count}` to the tokenizer; otherwise it keeps whole documents.",
    "This looks like a version mismatch. Try it with a fresh environment and tell us what you see.",
    "The same happened to me with {name}. A lower learning rate helped.",
    "Have a look at [the card of this model](https://huggingface.co/{model}); it has the settings.",
    "Half precision is the reason. Load it in full precision first and compare.",
    "Freeze all but the last {count} layers, then it fits.",
    "Thanks, that works! :hugs:",
    "Could you show the whole traceback?\n\n- version of the library\n- system\n- size of the batch",
)
_CODE = (
    (
        "python",
        'model = AutoModel.from_pretrained("{model}")\nprint(sum(part.numel() for part in model.parameters()))',
    ),
    ("python", 'pipe = pipeline("{task}", model="{model}")\npipe(["<s> one & two"], batch_size={count})'),
    ("", "RuntimeError: expected {count} tensors on one device, found 2\n  at {name}, line {count}"),
    ("bash", "accelerate launch train.py --model {model} --batch {count}"),
)
_THANKS = ("Any hint is welcome.", "Thanks in advance!", "Best regards", "What am I missing?")
POLL = ("Yes, every day", "Now and then", "Never & not soon")


class Writer:
    """Writes texts about one family; every text draws from the given random numbers."""

    def __init__(self, rng: random.Random, family: Family) -> None:
        self._rng, self._family = rng, family

    def _fill(self, text: str) -> str:
        rng, family = self._rng, self._family
        name = f"{family.name}-{rng.choice(family.sizes)}" if family.name else f"a {rng.choice(WORDS)} model"
        model = f"{owner_name(rng.randrange(400))}/{name.replace(' ', '-')}-{rng.choice(WORDS)}"
        task = rng.choice(family.pipeline_tags)
        return text.replace("{name}", name).replace("{model}", model).replace("{task}", task).replace(
            "{count}", str(rng.randrange(2, 600))
        )  # fmt: skip

    def title(self, *, odd: bool) -> str:
        """A title; ``odd`` ones hold characters outside ASCII or of HTML."""
        return self._fill(self._rng.choice(_ODD_TITLES if odd else _TITLES))

    def code(self) -> str:
        """A block of code."""
        lang, code = self._rng.choice(_CODE)
        return f"```{lang}\n{self._fill(code)}\n```"

    def question(self, *, poll: bool) -> str:
        """First post of a topic."""
        parts = ["Hello everyone,", self._fill(self._rng.choice(_QUESTIONS))]
        if self._rng.random() < 0.5:
            parts.append(self.code())
        if poll:
            parts.append("[poll]\n" + "\n".join(f"* {choice}" for choice in POLL) + "\n[/poll]")
        return "\n\n".join([*parts, self._rng.choice(_THANKS)])

    def answer(self, quote: str, mention: str) -> str:
        """A later post, after a block of quotation and an address of its reader (either may be empty)."""
        parts = [quote] if quote else []
        parts.append(f"{mention} {self._fill(self._rng.choice(_ANSWERS))}".strip())
        if self._rng.random() < 0.2:
            parts.append(self.code())
        return "\n\n".join(parts)
