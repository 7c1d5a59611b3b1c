"""The parts of tests/accuracy: each has TITLE and run(context), which returns lines of Markdown and requirements."""
