"""A float32 file in other number formats, layer by layer; and what those would ruin."""
