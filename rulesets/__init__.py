"""The rule packs that come with Valuelift: data only."""
