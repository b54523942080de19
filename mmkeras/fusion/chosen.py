"""One modality that an option names."""


def chosen(place: int | str, modalities: int, option: str) -> int:
    """The place of a modality, counted from the end where negative, among so many.

    Raises ValueError for one that there is not, and for a name: only a recipe knows those.
    """
    if isinstance(place, str):
        raise ValueError(
            f"{option}={place!r}: a layer of its own knows no names; give the place among the "
            f"inputs, 0 to {modalities - 1}, or let build_model make the layer"
        )
    if not -modalities <= place < modalities:
        raise ValueError(
            f"{option} must be 0 to {modalities - 1}, the place of one of {modalities} "
            f"modalities, or its name. Received: {place}"
        )
    return place % modalities
