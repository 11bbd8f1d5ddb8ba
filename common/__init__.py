"""What the command line and the pages share: texts, explanations laid out, records made and told."""
