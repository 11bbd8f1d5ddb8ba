"""The nightly batch: a folder of facts, decided part by part in bounded memory, resumable, published whole.

* `folder`: what is in a folder of Parquet files, whether it is sound, and how its customers are divided into parts.
* `run_folder`: a run on disk, known by what it was decided from, with the parts that are finished.
* `ledger`: the folder of all runs.
* `pipeline`: the steps from facts to published decisions.
* `shards`, `spark`: the same on a cluster, each shard of the customers in a task of its own.
"""
