"""The loader: YAML files to a catalogue and a pack, or every problem in them, each with its place."""

from engine.load.pack import load_catalogue, load_pack, load_parts, pack_from_parts, pack_from_texts

__all__ = ["load_catalogue", "load_pack", "load_parts", "pack_from_parts", "pack_from_texts"]
