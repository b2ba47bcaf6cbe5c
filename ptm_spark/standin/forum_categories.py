"""Categories of the invented forum: names, slugs and ids as on the Hub's own forum, with the month each began."""

from dataclasses import dataclass
from datetime import UTC, date, datetime


@dataclass(frozen=True, slots=True)
class CategoryPlan:
    """A category from ``since`` on. ``weight`` is its share of new topics, 0 where none are begun but its definition.

    ``families`` are model families that are discussed here only.
    """

    category_id: int
    name: str
    slug: str
    weight: float
    since: date = date(2021, 1, 1)
    parent_id: int | None = None
    read_restricted: bool = False
    families: tuple[str, ...] = ()

    @property
    def began_at(self) -> datetime:
        """First moment."""
        return datetime(self.since.year, self.since.month, self.since.day, 8, tzinfo=UTC)


PLANS = (
    CategoryPlan(1, "Uncategorized", "uncategorized", 0),
    CategoryPlan(2, "Site Feedback", "site-feedback", 1),
    CategoryPlan(4, "Team", "team", 2, read_restricted=True),
    CategoryPlan(5, "Beginners", "beginners", 38),
    CategoryPlan(6, "Intermediate", "intermediate", 6),
    CategoryPlan(7, "Research", "research", 3),
    CategoryPlan(8, "Awesome paper", "awesome-paper", 1, parent_id=7),
    CategoryPlan(9, "🤗Transformers", "transformers", 26),
    CategoryPlan(10, "🤗Datasets", "datasets", 7),
    CategoryPlan(11, "🤗Tokenizers", "tokenizers", 3),
    CategoryPlan(13, "Models", "models", 10),
    CategoryPlan(14, "Model cards", "model-cards", 1),
    CategoryPlan(15, "Languages at Hugging Face", "languages-at-hugging-face", 1, date(2021, 2, 7)),
    CategoryPlan(17, "Amazon SageMaker", "sagemaker", 3, date(2021, 3, 3)),
    CategoryPlan(18, "🤗Accelerate", "accelerate", 2, date(2021, 5, 5)),
    CategoryPlan(20, "Course", "course", 1, date(2021, 5, 10)),
    CategoryPlan(25, "Course event", "course-event", 0.5, date(2021, 11, 1), parent_id=20),
    CategoryPlan(22, "Flax/JAX Projects", "flax-jax-projects", 1, date(2021, 6, 16)),
    CategoryPlan(24, "Spaces", "spaces", 5, date(2021, 10, 20)),
    CategoryPlan(33, "Gradio", "gradio", 3, date(2021, 12, 22)),
    CategoryPlan(59, "Optimum", "optimum", 1, date(2022, 3, 30)),
    CategoryPlan(63, "🧨Diffusers", "discussion-related-to-httpsgithubcomhuggingfacediffusers", 0, date(2022, 6, 25),
                 families=("stable-diffusion",)),
    CategoryPlan(65, "Show and Tell", "show-and-tell", 1, date(2022, 12, 1)),
    CategoryPlan(66, "AWS Inferentia & Trainium", "aws-inferentia-trainium", 0.3, date(2023, 4, 10)),
)  # fmt: skip

_BY_ID = {plan.category_id: plan for plan in PLANS}


def full_slug(plan: CategoryPlan) -> str:
    """Slug below that of the parent."""
    return plan.slug if plan.parent_id is None else f"{_BY_ID[plan.parent_id].slug}/{plan.slug}"


def plan_of(category_id: int) -> CategoryPlan:
    """The category with this id; KeyError if there is none."""
    return _BY_ID[category_id]
