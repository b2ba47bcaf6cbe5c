"""Trends and documentation of pre-trained models (PTMs) on the Hugging Face Hub and forum, as checked Delta tables."""

__version__ = "0.1.0"
