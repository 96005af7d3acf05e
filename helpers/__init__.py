"""What the notebooks import: data, models, figures and how to show them."""
