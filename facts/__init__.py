"""The facts about customers: catalogue, store, imports and snapshots."""
