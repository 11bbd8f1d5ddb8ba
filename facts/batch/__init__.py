"""The nightly batch: a folder of facts, decided part by part in bounded memory, resumable, published whole.

* `folder`: what is in a folder of Parquet files, whether it is sound, and how its customers are divided into parts.
* `ledger`: runs on disk, each known by what it was decided from, with the parts that are finished.
* `pipeline`: the steps from facts to published decisions.
* `shards`, `spark`: the same on a cluster, each shard of the customers in a task of its own.
"""
