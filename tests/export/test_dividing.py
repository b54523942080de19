from mmkeras_export.dividing import Operation, pieces_of

FEEDS = {"image": 0, "text": 1, "text_present": 2}
WEIGHTS = 9


def test_a_branch_is_what_one_input_alone_decides():
    operations = [
        Operation((0, WEIGHTS), (10,)),
        Operation((10,), (11,)),
        Operation((1,), (12,)),
        Operation((12, 2), (13,)),  # with the presence: the fusion's
        Operation((11, 13), (14,)),
    ]
    pieces = pieces_of(operations, FEEDS, {"label": 14}, {"text_present"})
    assert pieces["branch/image"] == ({"image": 0}, {"image/0": 11}, (0, 1))
    assert pieces["branch/text"] == ({"text": 1}, {"text/0": 12}, (2,))
    into = {"image/0": 11, "text/0": 12, "text_present": 2}
    assert pieces["fusion"] == (into, {"label": 14}, (3, 4))


def test_what_widens_weights_is_in_every_piece_that_reads_them():
    operations = [
        Operation((WEIGHTS,), (10,)),
        Operation((0, 10), (11,)),
        Operation((1, 10), (12,)),
        Operation((11, 12, 10), (13,)),
    ]
    feeds = {"left": 0, "right": 1}
    pieces = pieces_of(operations, feeds, {"label": 13})
    assert [piece.operators for piece in pieces.values()] == [(0, 1), (0, 2), (0, 3)]


def test_an_input_without_operations_goes_into_the_fusion_as_it_is():
    operations = [Operation((0,), (10,)), Operation((10, 0, 1), (11,))]
    pieces = pieces_of(operations, {"image": 0, "text": 1}, {"label": 11})
    assert list(pieces) == ["branch/image", "fusion"]
    assert pieces["fusion"].inputs == {"image": 0, "image/0": 10, "text": 1}


def test_an_answer_of_one_branch_alone_passes_through_the_fusion():
    operations = [Operation((0,), (10,)), Operation((10, 1), (11,))]
    pieces = pieces_of(operations, {"image": 0, "text": 1}, {"colour": 10, "label": 11})
    assert pieces["fusion"] == ({"image/0": 10, "text": 1}, {"colour": 10, "label": 11}, (1,))


def test_a_model_of_one_input_has_no_pieces():
    assert pieces_of([Operation((0,), (1,))], {"image": 0}, {"label": 1}) == {}


def test_the_fused_vector_is_what_every_answer_is_read_from():
    fuse = Operation((0, 1), (10,), "mmkeras/fusion/add")
    first = Operation((10, WEIGHTS), (11,), "mmkeras/label_logits_1/MatMul;mmkeras/bias")
    second = Operation((10, WEIGHTS), (12,), "mmkeras/age_logits_1/MatMul")
    late = Operation((0, WEIGHTS), (12,), "mmkeras/age_logits_1/MatMul")
    feeds, answers = {"image": 0, "text": 1}, {"label": 11, "age": 12}
    assert pieces_of([fuse, first, second], feeds, answers)["fusion"].outputs["(fused)"] == 10
    assert "(fused)" not in pieces_of([fuse, first, late], feeds, answers)["fusion"].outputs
