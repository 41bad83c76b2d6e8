"""Help pages and translations: as ComfyUI looks for them, and in step with the nodes."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "web" / "docs"
ZH = ROOT / "locales" / "zh"
LANGUAGES = ("en", "zh")
# What pages print bold besides our nodes: ComfyUI's nodes by their names in each language, and keys.
OTHERS = {
    "en": {"Create Video", "Load Image", "Preview Any", "Preview Image", "Save Image", "Save Video"},
    "zh": {
        "\u521b\u5efa\u89c6\u9891",
        "\u52a0\u8f7d\u56fe\u50cf",
        "\u9884\u89c8\u4efb\u610f",
        "\u9884\u89c8\u56fe\u50cf",
        "\u4fdd\u5b58\u56fe\u50cf",
        "\u4fdd\u5b58\u89c6\u9891",
    },
}
KEYS = {"R", "Ctrl M"}
VALUES = r"\.\.\.|\[?\b\d+\b\]?|\b(?:agilegan|blendgan|dualstylegan|psp|e4e)\b"  # what a message is filled in with
BEGIN = {"en": "<br>*Begin with:* ", "zh": "<br>\u5efa\u8bae"}


def inputs_of(node):
    types = node.INPUT_TYPES()
    return [*types["required"], *types.get("optional", {})]


def page_at(name, language):
    """ComfyUI asks for NAME/LANGUAGE.md and, where that is missing, for NAME.md."""
    path = DOCS / name / f"{language}.md"
    return (path if path.is_file() else DOCS / f"{name}.md").read_text(encoding="utf8")


def tables(page):
    """The tables of a page as lists of rows, without their heads."""
    blocks = [block.splitlines() for block in page.split("\n\n") if block.startswith("|")]
    return [[line.strip("| ").split(" | ") for line in block[2:]] for block in blocks]


def messages(value):
    """Every text of a translation."""
    return [value] if isinstance(value, str) else [text for part in value.values() for text in messages(part)]


def stored(name):
    return json.loads((ZH / name).read_text(encoding="utf8"))


@pytest.fixture(scope="module")
def words():
    return stored("nodeDefs.json")


def test_every_node_has_its_pages_and_every_page_its_node(pack):
    found = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    assert found == {page for name in pack.NODE_CLASS_MAPPINGS for page in (f"{name}.md", f"{name}/zh.md")}


def test_pages_show_every_picture_there_is(pack):
    """ComfyUI looks for pictures beside the English pages, whatever the language."""
    for language in LANGUAGES:
        shown = {
            found for name in pack.NODE_CLASS_MAPPINGS for found in re.findall(r"!\[.+?\]\((.+?)\)", page_at(name, language))
        }
        assert shown == {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*") if path.suffix not in {"", ".md"}}


@pytest.mark.parametrize("language", LANGUAGES)
def test_tables_list_every_input_and_output(pack, language):
    for name, node in pack.NODE_CLASS_MAPPINGS.items():
        inputs, outputs, problems = tables(page_at(name, language))
        assert [re.match("`(.+?)`", row[0])[1] for row in inputs] == inputs_of(node), name
        assert [re.match("`(.+?)`", row[0])[1] for row in outputs] == list(node.RETURN_NAMES), name
        assert all(len(row) == 2 for row in inputs + outputs + problems), name
        assert all(BEGIN[language] in row[1] for row in inputs), name
        assert len(problems) >= 2, name
        assert all(cell.strip() for row in inputs + outputs + problems for cell in row), name


def test_pages_say_the_same_in_both_languages(pack):
    for name in pack.NODE_CLASS_MAPPINGS:
        english, chinese = page_at(name, "en"), page_at(name, "zh")
        assert [len(table) for table in tables(english)] == [len(table) for table in tables(chinese)], name
        assert re.findall("^#+ ", english, re.MULTILINE) == re.findall("^#+ ", chinese, re.MULTILINE), name
        quoted = [set(re.findall("`(.+?)`", page)) for page in (english, chinese)]
        assert quoted[0] == quoted[1], f"{name}: {quoted[0] ^ quoted[1]}"


def test_pages_name_nodes_as_the_page_of_comfyui_does(pack, words):
    names = {
        "en": pack.NODE_DISPLAY_NAME_MAPPINGS,
        "zh": {name: entry["display_name"] for name, entry in words.items()},
    }
    for language in LANGUAGES:
        known = {*names[language].values(), *OTHERS[language], *KEYS}
        for name, title in names[language].items():
            page = page_at(name, language)
            assert page.startswith(f"# {title}\n"), name
            assert set(re.findall(r"\*\*(.+?)\*\*", page)) <= known, f"{language} {name}"


def test_chinese_pages_label_inputs_as_the_nodes_do(pack, words):
    for name, node in pack.NODE_CLASS_MAPPINGS.items():
        inputs, outputs, _ = tables(page_at(name, "zh"))
        entry = words[name]
        assert [row[0] for row in inputs] == [f"`{key}` {entry['inputs'][key]['name']}" for key in inputs_of(node)], name
        shown = [f"`{key}` {entry['outputs'][str(index)]['name']}" for index, key in enumerate(node.RETURN_NAMES)]
        assert [row[0] for row in outputs] == shown, name


def test_every_text_of_a_node_is_translated(pack, words):
    assert set(words) == {name.replace(".", "_") for name in pack.NODE_CLASS_MAPPINGS}  # a dot leads into a translation
    for name, node in pack.NODE_CLASS_MAPPINGS.items():
        entry = words[name]
        assert set(entry) == {"display_name", "description", "inputs", "outputs"}, name
        assert set(entry["inputs"]) == {key.replace(".", "_") for key in inputs_of(node)}, name
        assert list(entry["outputs"]) == [str(index) for index in range(len(node.RETURN_TYPES))], name
        assert all(set(part) == {"name", "tooltip"} for part in (*entry["inputs"].values(), *entry["outputs"].values())), name


def test_translated_tooltips_give_the_same_numbers(pack, words):
    def numbers(text):
        return {
            float(number) for number in re.findall(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w.])", re.sub(r"(?<=\d)\.(?!\d)", " ", text))
        }

    for name, node in pack.NODE_CLASS_MAPPINGS.items():
        types = node.INPUT_TYPES()
        for key, (kind, facts) in {**types["required"], **types.get("optional", {})}.items():
            if kind in ("INT", "FLOAT"):
                assert numbers(facts["tooltip"]) == numbers(spaced(words[name]["inputs"][key]["tooltip"])), f"{name}.{key}"


def spaced(text):
    """Chinese signs as spaces, which end a number."""
    return re.sub(r"[^\x00-\x7f]", " ", text)


def test_categories_and_sockets_are_translated(pack):
    main = stored("main.json")
    nodes = pack.NODE_CLASS_MAPPINGS.values()
    assert set(main["nodeCategories"]) == {part for node in nodes for part in node.CATEGORY.split("/")} - {"Pastiche"}
    kinds = {kind for node in nodes for kind in node.RETURN_TYPES}
    assert set(main["dataTypes"]) == {kind for kind in kinds if kind.startswith("PASTICHE_")}


@pytest.mark.parametrize("file", ["main.json", "nodeDefs.json"])
def test_translations_hold_no_sign_that_the_page_reads_as_a_command(file):
    """vue-i18n compiles messages: braces, at signs and bars have a meaning."""
    for text in messages(stored(file)):
        assert text.strip()
        assert not set(text) & set("{}@|"), text


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_quote_messages_that_exist(pack, language):
    """What a page says about a message is found by those who see that message."""
    files = [path for folder in ("engine", "nodes") for path in (ROOT / folder).rglob("*.py")]
    source = " ".join(re.sub(r'"\s*\n\s*f?"', "", path.read_text(encoding="utf8")) for path in files)  # joined as Python does
    source = re.sub(r"\s+", " ", source)
    for name in pack.NODE_CLASS_MAPPINGS:
        for quote in re.findall(r'^\| [^|]*?["\u201c]([^"\u201d]+)["\u201d]', page_at(name, language), re.MULTILINE):
            for part in re.split(VALUES, quote):
                assert part.strip() in source, f"{name}: {quote}"
