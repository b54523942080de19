"""Prepared rows on disk: shards that are read by memory map, and an index.

    FOLDER/index.json       recipe, hashes, shards: written last, so that what it lists is complete
    FOLDER/manifest.csv     the rows that are in the shards, in the order of the manifest
    FOLDER/skipped.csv      the rows that are not, and why
    FOLDER/tokenizer.json   where there is a text
    FOLDER/shards/NUMBER-KEY/
        shard.json          rows, hashes of its files, and what was wrong with rows left out
        rows.npy            (rows,) positions in the manifest
        INPUT.values.npy    (distinct, ...) each distinct source once
        INPUT.index.npy     (rows,) which of them a row has, -1 absent
        INPUT.digests.npy   (distinct,) of the contents of the sources
        INPUT.names.npy     (distinct,) of the sources themselves: a path, a text, a record
        OUTPUT.labels.npy   (rows, ...) as in mmkeras.targets
        seen.npy            size and time of the files that were read; no part of the hashes

A shard's KEY is the hash of all that decides what is in it, so that one is complete and right if it
is there under its name: it is written under another name and moved. The same rows give the same
bytes, whoever makes them.
"""
