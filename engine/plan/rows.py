"""A collection's rows, arranged so that the rows of all customers are combined by operations on whole columns.

Layer k has each customer's row number k, the customers side by side: whether some row of each customer passes a test is
then the or of the layers, and what holds of the customers is repeated for each layer. Layers that few customers would
fill are not worth it; those rows follow one by one. So do all rows of a collection that is not combined often.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pyarrow as pa

from engine.plan.bits import EVERYWHERE, NOWHERE, Bits, closed, meet, pack, settled, unpack
from engine.plan.values import Array, Pieced, Stored, Values

FILLED = 8  # a layer has rows of at least one customer in so many; with fewer, single rows are faster


class Rows:
    """One collection's rows of a chunk. A *place* is where a row stands in the arrangement; not all places have one.

    `owners` has each row's customer, as a position, in the order of `table`, which is sorted by it.
    """

    def __init__(self, table: pa.Table, owners: Array, customers: int, is_layered: bool) -> None:
        self.table, self.owners = table, owners
        self._customers = customers
        self._width = -(-customers // 8)
        self._layers = 0
        self._row_at: Array | None = None  # where it is not needed: a place is a row
        self._single_owners = owners
        self.exists = EVERYWHERE if len(owners) else NOWHERE
        if is_layered and len(owners):
            self._arrange()
        self.size = self._in_layers + len(self._single_owners)

    def _arrange(self) -> None:
        """Find each place's row; where there is none, any other stands in."""
        counts = np.bincount(self.owners, minlength=self._customers)
        ends = np.cumsum(counts)
        having_more = self._customers - np.cumsum(np.bincount(counts))
        self._layers = int(np.count_nonzero(having_more * FILLED >= self._customers))
        first = self._beside(ends - counts)
        layers = [np.minimum(first + number, len(self.owners) - 1) for number in range(self._layers)]
        singles = _numbered_from(ends - counts + self._layers, counts - self._layers)
        present = [self._beside(counts > number) for number in range(self._layers)]
        self.exists = pack(np.concatenate([*present, np.ones(len(singles), np.bool_)]))
        self._row_at = np.concatenate([*layers, singles]).astype(np.intp, copy=False)
        self._single_owners = self.owners[singles]

    def _beside(self, of_customers: Array) -> Array:
        """Return what customers have as they stand in a layer: it takes whole bytes, and the last one is repeated."""
        return np.concatenate([of_customers, np.repeat(of_customers[-1:], 8 * self._width - self._customers)])

    # --- one row ---

    def span(self, customer: int) -> dict[int, str]:
        """Return the places of a customer's rows with their keys."""
        first, end = first_rows(self.owners, customer, customer + 1)
        keys = self.table["row"].slice(first, end - first).to_pylist()
        return {self._place(customer, number): key for number, key in enumerate(keys)}

    def _place(self, customer: int, number: int) -> int:
        if number < self._layers:
            return number * 8 * self._width + customer
        (first,) = first_rows(self._single_owners, customer)
        return self._in_layers + first + number - self._layers

    @property
    def _in_layers(self) -> int:
        return self._layers * 8 * self._width

    def owner(self, place: int) -> int:
        """Return the customer of a place, as a position."""
        beyond = place - self._in_layers
        return place % (8 * self._width) if beyond < 0 else int(self._single_owners[beyond])

    # --- from the table's order to places, and back ---

    def arranged(self, values: Values) -> Values:
        """Return the values of the table's rows at each place."""
        if self._row_at is None:
            return values
        if isinstance(values, Pieced):
            pieces = tuple((self._arranged(where), piece) for where, piece in values.pieces)
            return Pieced(self.size, values.kind, self._arranged(values.known), pieces)
        return Stored(values.numbers.take(self._row_at), self._arranged(values.known), values.words)

    def _arranged(self, bits: Bits) -> Bits:
        if self._row_at is None or bits is NOWHERE or bits is EVERYWHERE:
            return bits
        return pack(unpack(bits, len(self.owners)).take(self._row_at))

    def in_order(self, of_places: Array) -> Array:
        """Return an array over places as one over the table's rows."""
        if self._row_at is None:
            return of_places
        return of_places.take(self._place_of)

    @cached_property
    def _place_of(self) -> Array:
        """The place of each row in the table's order."""
        places = np.flatnonzero(unpack(self.exists, self.size))
        found = np.empty(len(self.owners), np.intp)
        found[places if self._row_at is None else self._row_at[places]] = places
        return found

    # --- between customers and their rows ---

    def spread(self, customers: Bits) -> Bits:
        """Return what holds of the customers for each of their rows."""
        if customers is NOWHERE or customers is EVERYWHERE:
            return customers
        layers = np.tile(customers, self._layers)
        if not len(self._single_owners):
            return layers
        singles = np.packbits(unpack(customers, self._customers)[self._single_owners], bitorder="little")
        return settled(np.concatenate([layers, singles]))

    def spread_codes(self, values: Values) -> Stored:
        """Return the customers' values for each of their rows."""
        owners = np.concatenate([np.tile(self._beside(np.arange(self._customers)), self._layers), self._single_owners])
        return Stored(values.codes.take(owners), self.spread(values.known))

    def someone(self, bits: Bits) -> Bits:
        """Return the customers for whom bits hold at some row."""
        bits = meet(bits, self.exists)
        if bits is NOWHERE:
            return NOWHERE
        layers, singles = self._split(bits)
        found = np.bitwise_or.reduce(layers, axis=0)
        owners = self._single_owners[singles]
        if len(owners):
            extra = np.zeros(self._customers, np.bool_)
            extra[owners] = True
            found |= np.packbits(extra, bitorder="little")
        return closed(found, self._customers)

    def how_many(self, bits: Bits) -> Array:
        """Count the rows of each customer at which bits hold."""
        layers, singles = self._split(meet(bits, self.exists))
        found = np.bincount(self._single_owners[singles], minlength=self._customers)
        for layer in layers:
            found += unpack(layer, self._customers)
        return found

    def total(self, amounts: Array, bits: Bits) -> Array:
        """Add up the amounts of each customer's rows at which bits hold, exactly (int64)."""
        amounts = np.where(unpack(meet(bits, self.exists), self.size), amounts, np.int64(0))
        layers, singles = amounts[: self._in_layers], amounts[self._in_layers :]
        found: Array = layers.reshape(self._layers, 8 * self._width).sum(axis=0)[: self._customers]
        np.add.at(found, self._single_owners, singles)
        return found

    def _split(self, bits: Bits) -> tuple[Bits, Array]:
        """Return the layers' bits, a layer in each row, and the numbers of the single rows at which bits hold."""
        whole = np.broadcast_to(bits, -(-self.size // 8))
        edge = self._layers * self._width
        singles = np.unpackbits(whole[edge:], count=len(self._single_owners), bitorder="little")
        return whole[:edge].reshape(self._layers, self._width), np.flatnonzero(singles.view(np.bool_))


def first_rows(owners: Array, *customers: int) -> list[int]:
    """Return where the rows of each of these customers begin, or would stand, in rows sorted by customer."""
    # Of another type than the owners, the customers would have all of these converted.
    found: list[int] = np.searchsorted(owners, np.array(customers, owners.dtype)).tolist()
    return found


def _numbered_from(firsts: Array, lengths: Array) -> Array:
    """Return the numbers from each of these on, as many as its length says (none if that is negative)."""
    some = np.flatnonzero(lengths > 0)
    firsts, lengths = firsts[some], lengths[some]
    before = np.cumsum(lengths) - lengths
    return np.repeat(firsts - before, lengths) + np.arange(lengths.sum())
