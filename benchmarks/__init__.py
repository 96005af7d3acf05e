"""What the bundle takes, beside what people would use instead."""
