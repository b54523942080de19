"""What a check finds beyond single files: duplicates, labels, leaks, and what it writes."""

import json
import re

import numpy as np
import pandas as pd
import pytest
import soundfile
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mmkeras import check, load_manifest
from mmkeras.quality import FINDINGS, mend
from mmkeras.quality.about_labels import typos
from mmkeras.quality.finding import SINGULAR
from mmkeras.quality.near import clusters, near_pairs
from mmkeras.quality.page import page
from tests.commands import COLUMNS, command

LABEL = {"label": "classify"}


def table_of(**columns):
    frame = pd.DataFrame({name: list(map(str, cells)) for name, cells in columns.items()})
    fields = tuple(name for name in columns if name.startswith("field"))
    text = "words" if "words" in columns else None
    group = "group" if "group" in columns else None
    return check(load_manifest(frame, text=text, table=fields or None, targets=LABEL, group=group))


def lines_of(found, name) -> list[int]:
    return sorted(line for of in found.named(name) for line in of.lines)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """a.png and its like: copy.png the same bytes, near.jpg the same picture, b.png another."""
    folder = tmp_path_factory.mktemp("pictures")
    random = np.random.default_rng(0)
    for name in "abcdef":
        rough = Image.fromarray(random.integers(0, 256, (6, 6, 3), np.uint8))
        rough.resize((96, 96), Image.Resampling.BICUBIC).save(folder / f"{name}.png")
    (folder / "copy.png").write_bytes((folder / "a.png").read_bytes())
    Image.open(folder / "a.png").resize((80, 80)).save(folder / "near.jpg", quality=80)
    return folder


def test_copies_in_several_splits_are_found_exact_and_near(pictures):
    (pictures / "m.csv").write_text(
        "picture,label,split\na.png,x,train\nb.png,y,train\ncopy.png,x,test\nnear.jpg,x,valid\n"
        "c.png,y,test\n"
    )
    found = check(load_manifest(pictures / "m.csv", "picture", targets=LABEL))
    (exact,) = found.named("duplicate_across_splits")
    assert (exact.lines, exact.groups, exact.drop) == ((2, 4), ((2, 4),), (2,))
    (near,) = found.named("near_duplicate_across_splits")
    assert (set(near.lines), near.drop) == ({2, 4, 5}, ())


def test_a_quieter_copy_of_a_sound_at_another_rate_is_nearly_the_same(tmp_path):
    random = np.random.default_rng(0)
    for name in "ab":  # eight parts of noise, each louder in some bands
        gains = np.repeat(np.exp(random.normal(0, 1.5, (8, 30))), 50, axis=1)
        noise = np.fft.rfft(random.normal(0, 1, (8, 3_000)))[:, :1_500] * gains
        wave = np.fft.irfft(noise, 3_000).ravel()
        soundfile.write(tmp_path / f"{name}.wav", 0.5 * wave / np.abs(wave).max(), 8_000)
    quieter = soxr.resample(soundfile.read(tmp_path / "a.wav")[0] * 0.5, 8_000, 16_000)
    soundfile.write(tmp_path / "c.ogg", quieter, 16_000)
    (tmp_path / "m.csv").write_text("sound,label\na.wav,x\nb.wav,y\nc.ogg,x\n")
    found = check(load_manifest(tmp_path / "m.csv", audio="sound", targets=LABEL))
    assert lines_of(found, "near_duplicate_file") == [2, 4]


@pytest.mark.parametrize(("group", "names"), [("1", set()), ("2", {"duplicate_file"})])
def test_copies_are_no_finding_where_a_group_holds_them_together(pictures, group, names):
    rows = f"a.png,one,x,1\ncopy.png,two,y,{group}\nb.png,three,y,3\nc.png,four,x,4\n"
    (pictures / "m.csv").write_text("picture,words,label,who\n" + rows)
    data = load_manifest(pictures / "m.csv", "picture", "words", targets=LABEL, group="who")
    assert {of.name for of in check(data).findings} & {"duplicate_file"} == names


def test_the_same_inputs_twice_are_a_copy_or_a_contradiction():
    words = [f"sentence number {i} of them" for i in range(40)]
    labels = ["a", "b"] * 20
    words[7], words[9] = words[5], words[4]
    labels[7], labels[9] = labels[5], "b"
    words[20], labels[20] = words[5], ""  # what is not known contradicts nothing
    frame = pd.DataFrame({"words": words, "label": labels, "other": ["x"] * 40})
    found = check(load_manifest(frame, text="words", targets={**LABEL, "other": "classify"}))
    assert lines_of(found, "duplicate_row") == [8, 21]
    (opposed,) = found.named("contradiction")
    assert (opposed.groups, opposed.drop) == (((5, 10),), ())


def test_numbers_and_short_words_are_the_same_by_chance():
    found = table_of(words=["yes", "no"] * 20, field=[1, 2, 3, 4] * 10, label=["a", "b"] * 20)
    assert not found.named("duplicate_row", "contradiction")


def test_a_file_that_every_row_has_is_no_copy_to_leave_out(pictures):
    rows = [f"a.png,item {i} is here,{'xy'[i % 2]},{('train', 'test')[i > 9]}" for i in range(12)]
    (pictures / "m.csv").write_text("\n".join(["picture,words,label,split", *rows]))
    found = check(load_manifest(pictures / "m.csv", "picture", "words", targets=LABEL))
    (every,) = found.named("duplicate_across_splits")
    assert (len(every.lines), every.drop) == (12, ())


def test_texts_that_differ_in_case_alone_are_the_same_in_two_splits():
    words = [f"sentence {chr(97 + i)} of a few" for i in range(20)]
    words[19] = words[0].upper() + "!"
    found = table_of(words=words, label=["a", "b"] * 10, split=["train"] * 10 + ["test"] * 10)
    assert lines_of(found, "text_across_splits") == [1, 20]


def test_a_typo_is_found_next_to_what_was_meant_and_mended():
    found = table_of(field=range(900), label=["cat"] * 812 + ["cta"] + ["dog"] * 87)
    (typo,) = found.named("label_typo")
    assert (typo.lines, typo.cells) == ((813,), {813: "cat"})
    assert "'cta' (1) next to 'cat' (812)" in typo.message


@pytest.mark.parametrize(
    ("counts", "wanted"),
    [
        ({"cat": 500, "car": 480}, {}),
        ({"tone_a": 900, "tone_c": 30}, {}),
        ({"1": 900, "11": 2}, {}),
        ({"retriever": 100, "retreiver": 1}, {"retreiver": "retriever"}),
        ({"cat": 812, "car": 900, "cta": 1, "caz": 1}, {"cta": "cat"}),
        ({"New York": 10, "new york ": 9}, {"new york ": "New York"}),
    ],
    ids=["both frequent", "a rare sibling", "numbers", "swapped", "two are like it", "case"],
)  # fmt: skip
def test_labels_are_typos_when_alike_and_rare(counts, wanted):
    assert typos(counts) == wanted


def test_rare_classes_and_imbalance_are_told_with_their_counts():
    found = table_of(field=range(203), label=["a"] * 200 + ["zebra"] * 3)
    assert lines_of(found, "rare_class") == [201, 202, 203]
    (uneven,) = found.named("imbalance")
    assert uneven.message.endswith("a 200, and zebra 3")


def test_a_column_that_tells_the_label_leaks_and_a_name_that_comes_once_does_not():
    labels = [("cat", "dog")[i % 2] for i in range(200)]
    codes = [("7", "9")[i % 2] for i in range(200)]
    others = {"field_id": range(200), "field_noise": [i // 2 for i in range(200)]}
    found = table_of(field_code=codes, **others, label=labels)
    assert [of.column for of in found.named("leaking_column")] == ["field_code"]


def test_a_number_that_tells_the_label_leaks():
    heights = [i / 7 + 1_000 * (i % 2) for i in range(300)]
    found = table_of(
        field_height=heights, label=["low" if i % 2 == 0 else "high" for i in range(300)]
    )
    assert [of.column for of in found.named("leaking_column")] == ["field_height"]


def test_an_absent_modality_that_tells_the_label_is_found():
    words = ["" if i % 2 else f"text {i} {i * 7}" for i in range(100)]
    found = table_of(words=words, field=range(100), label=[("a", "b")[i % 2] for i in range(100)])
    assert found.named("leaking_absence")[0].column == "text, table"
    assert found.absent == {"a": {"text": (0, 50), "table": (0, 50)},
                            "b": {"text": (50, 50), "table": (0, 50)}}  # fmt: skip


def test_a_text_that_names_the_label_is_found_as_a_word():
    words = [f"see the {('cat', 'dog')[i % 2]}, number {i}" for i in range(60)]
    labels = [("cat", "dog")[i % 2] for i in range(60)]
    assert len(lines_of(table_of(words=words, label=labels), "text_names_label")) == 60
    inside = [word.replace("cat", "catalogue").replace("dog", "dogma") for word in words]
    assert lines_of(table_of(words=inside, label=labels), "text_names_label") == []


def test_how_files_were_made_may_tell_the_label(tmp_path):
    rows = ["sound,label"]
    for i in range(40):
        rate_hz = (8_000, 16_000)[i % 2]
        wave = np.random.default_rng(i).normal(0, 0.1, 800)
        soundfile.write(tmp_path / f"{i}.wav", wave, rate_hz)
        rows.append(f"{i}.wav,{('a', 'b')[i % 2]}")
    (tmp_path / "m.csv").write_text("\n".join(rows))
    found = check(load_manifest(tmp_path / "m.csv", audio="sound", targets=LABEL))
    told = {of.column for of in found.named("leaking_property")}
    assert told == {"sound (rate_hz)", "sound (seconds)"}
    assert found.named("mixed_rates")[0].message.endswith("16,000 Hz beside 8,000")


def test_a_constant_column_and_a_group_in_two_splits_are_found():
    found = table_of(field=["5"] * 40, words=[f"w {i}" for i in range(40)],
                     label=["a", "b"] * 20, group=[str(i // 4) for i in range(40)],
                     split=["train"] * 22 + ["test"] * 18)  # fmt: skip
    assert [of.column for of in found.named("constant")] == ["field"]
    assert lines_of(found, "group_across_splits") == [21, 22, 23, 24]


@pytest.mark.parametrize(
    ("targets", "titles"),
    [
        (None, set()),
        ({"y": "regress"}, {"y"}),
        ({"tags": "multilabel", "side": "binary"}, {"tags", "side"}),
    ],
    ids=["none", "a number", "several"],
)
def test_any_manifest_is_checked_drawn_and_mended(pictures, targets, titles):
    frame = pd.DataFrame(
        {"front": ["a.png", "b.png", ""] * 20, "back": ["c.png", "d.png", ""] * 20}
    )
    frame["words"] = [f"item {i} is here" for i in range(60)]
    frame["y"], frame["tags"] = np.arange(60) / 7, ["a|b", "b", ""] * 20
    frame["side"] = ["left", "right"] * 30
    frame.to_csv(pictures / "any.csv", index=False)
    views = {"product": ("front", "back")}
    found = check(load_manifest(pictures / "any.csv", views, "words", targets=targets))
    assert {chart.title for chart in found.charts} >= titles
    assert sum(row["product"][0] for row in found.absent.values()) == 20
    assert "<figure>" in page(found)
    (pictures / "any_new.csv").unlink(missing_ok=True)
    (pictures / "any_new.skipped.csv").unlink(missing_ok=True)
    assert mend(found, pictures / "any_new.csv").left_out == len(found.manifest.problems)


bits = st.integers(0, 2**64 - 1)


@settings(deadline=None, derandomize=True, max_examples=30)
@given(st.lists(st.tuples(bits, bits), min_size=2, max_size=30), st.sets(st.integers(0, 127)))
def test_near_pairs_are_those_that_comparing_all_finds(prints, flips):
    of = np.array(prints, np.uint64)
    for bit in list(flips)[:9]:
        of[0, bit // 64] = of[-1, bit // 64] ^ np.uint64(1 << (bit % 64))
    of = np.unique(of, axis=0)
    apart = np.bitwise_count(of[:, None] ^ of[None]).sum(axis=2)
    wanted = {(j, i) for i in range(len(of)) for j in range(i) if apart[i, j] <= 7}
    assert {(int(i), int(j)) for i, j in near_pairs(of)} == wanted
    twice = np.concatenate([of, of[:1]])
    assert {(int(i), int(j)) for i, j in near_pairs(twice)} == wanted | {(0, len(of))}


def test_clusters_are_joined_over_several_pairs():
    assert list(clusters(np.array([[0, 3], [3, 5], [1, 2]]), 6)) == [0, 1, 1, 0, 4, 0]


def test_every_finding_has_a_cure_and_every_row_a_line(toy):
    assert all(kind.cure and kind.what.split()[0] in SINGULAR for kind in FINDINGS.values())
    found = check(load_manifest(toy, "picture", "words", "sound", {"animal": "classify"}, "pair"))
    assert {of.name for of in found.findings} >= {"blank", "text_names_label", "tiny"}
    plain = json.loads(json.dumps(found.to_dict()))
    assert plain["absent"]["cat"] == {"image": 0, "text": 0, "audio": 5}
    assert all(of["lines"] and of["cure"] for of in plain["findings"])


def test_fix_writes_a_new_manifest_without_what_was_wrong(toy):
    lines = toy.read_text().splitlines()
    lines[3] = lines[3].replace(",cat,", ",Cat,")
    lines[6] = "none.png,A dog.,,dog,9"
    lines = [line.replace("A ", f"Number {i} a ") for i, line in enumerate(lines)]
    toy.write_text("\n".join(lines) + "\n")
    (toy.parent / "0.png").write_text("no")
    old = toy.read_text()
    with pytest.warns(UserWarning, match="1 row left out"):
        data = load_manifest(toy, "picture", "words", "sound", {"animal": "classify"}, "pair")
    made = mend(check(data), toy.parent / "new.csv")
    rows = pd.read_csv(made.path, dtype=str, keep_default_na=False)
    assert (made.left_out, len(rows), set(rows["animal"])) == (2, 18, {"cat", "dog"})
    assert set(rows["picture"]) == {""}  # all were of one colour
    skipped = pd.read_csv(made.skipped)
    assert list(skipped["line"]) == [2, 7]
    assert [message.split()[0] for message in skipped["message"]] == ["wrong_content:", "no"]
    assert toy.read_text() == old
    with pytest.raises(FileExistsError, match="nothing is written over"):
        mend(check(data), made.path)


def test_fix_leaves_copies_out_and_the_columns_alone(tmp_path):
    found = table_of(words=["a cat sat here", "a cat sat here", "two dogs ran home"], label="aab")
    made = mend(found, tmp_path / "new.csv")
    assert made.path.read_text() == "words,label\na cat sat here,a\ntwo dogs ran home,b\n"
    assert "rows left out: 1, listed in" in str(made)


def test_the_page_needs_nothing_beside_it_and_says_what_its_pictures_show(toy):
    (toy.parent / "0.png").write_text("no")
    data = load_manifest(toy, "picture", "words", "sound", {"animal": "classify"}, "pair")
    made = page(check(data))
    assert "prefers-color-scheme: dark" in made
    assert 'name="viewport"' in made
    assert re.findall(r'(?:src|href)="(?!data:|#)', made) == []
    pictures = re.findall(r"<img [^>]*>", made)
    assert len(pictures) > 2
    assert all(re.search(r'alt="line \d+, \d+\.png: (cat|dog)"', each) for each in pictures)
    assert "0.png&#x27; is no picture" in made


def test_the_command_finds_columns_out_writes_a_page_and_mends(toy):
    page_path, new = toy.parent / "report.html", toy.parent / "new.csv"
    (toy.parent / "3.png").write_text("no")
    lines = toy.read_text().splitlines()
    toy.write_text(
        "\n".join(f"{line},{place if place else 'n'}" for place, line in enumerate(lines))
    )
    options = [
        "--column",
        "words=ignore",
        "--column",
        "pair=group",
        "--html",
        page_path,
        "--fix",
        new,
        "--json",
    ]
    code, out, err = command("check", toy, *options)
    found = json.loads(out)
    assert code == 1
    assert (found["rows"], found["usable"]) == (20, 19)
    assert found["inputs"] == {"image": "picture", "audio": "sound", "table": ["n"]}
    assert [of["lines"] for of in found["findings"] if of["name"] == "wrong_content"] == [[5]]
    assert "as you said" in err
    assert page_path.read_text().startswith("<!doctype html>")
    assert len(load_manifest(new, columns={"pair": "group"})) == 19


def test_the_command_says_before_it_reads_that_it_writes_over_nothing(toy):
    code, out, err = command("check", toy, *COLUMNS, "--fix", toy)
    assert (code, out) == (2, "")
    assert "toy.csv' exists, and nothing is written over" in err


@pytest.mark.parametrize("verb", ["train", "compare", "search", "prepare", "preview", "split"])
def test_every_verb_that_reads_rows_can_be_strict(toy, verb):
    (toy.parent / "4.wav").unlink()
    out = ("-o" if verb == "preview" else "--out", toy.parent / "out")
    code, _, err = command(verb, toy, *COLUMNS, "--strict", *out)
    assert (code, "toy.csv:6: sound: no file" in err) == (2, True)
    assert not (toy.parent / "out").exists()


def test_strict_stops_at_a_bad_row_and_without_it_they_are_listed(toy):
    import warnings

    warnings.simplefilter("default")  # as in a shell
    (toy.parent / "4.wav").unlink()
    code, _, err = command("check", toy, *COLUMNS, "--strict")
    assert (code, "toy.csv:6: sound: no file" in err) == (2, True)
    code, _, err = command("check", toy, *COLUMNS)
    assert (code, "toy.skipped.csv" in err) == (1, True)
    assert len(pd.read_csv(toy.parent / "toy.skipped.csv")) == 1
