"""Results as Markdown, as a page, and as plots."""

import base64
import dataclasses
import io
import re
from html.parser import HTMLParser
from math import isfinite
from xml.etree import ElementTree

import pytest
import torch
from PIL import Image

from pastiche.evaluation.markdown import markdown, written
from pastiche.evaluation.page import page
from pastiche.evaluation.result import Finding, Plot, Result, Table
from pastiche.evaluation.svg import svg
from pastiche.metrics import Estimate

TABLE = Table("from 3 images", ("indicator", "FID"), (("0", 8.97), ("18", 176.73), ("20", None)))
RESULT = Result(
    title="The <indicator>",
    question="It rises.",
    setup="From 3 images.",
    tables=(TABLE,),
    published=(Table("the paper's", ("indicator", "FID"), (("0", 3.79),)),),
    findings=(Finding("it rises", "rank correlation 1.00", True), Finding("it falls", "it does not", False)),
    plots=(Plot("FID", "indicator", "FID", (0.0, 18.0), {"latent": (8.97, 176.73), "reference": (3.0, float("nan"))}),),
    sheets={"two faces": torch.zeros(1, 3, 20, 30)},
)
SKIPPED = Result(title="AgileGAN", question="It drifts.", skipped="there is no model")


@pytest.mark.parametrize(
    ("cell", "text"),
    [(None, "-"), ("a", "a"), (float("nan"), "-"), (176.73, "177"), (76.73, "76.7"), (8.971, "8.97"), (-0.0123, "-0.012")],
)
def test_numbers_as_text(cell, text):
    assert written(cell) == text


@pytest.mark.parametrize(
    ("mean", "error", "text"),
    [
        (0.5341, 0.0123, "0.534 ± 0.012"),
        (-0.00134, 0.00031, "-0.0013 ± 0.0003"),
        (20.52, 1.04, "20.5 ± 1.0"),
        (868.2, 31.4, "868 ± 31"),
        (0.2, 0.0, "0.200"),
        (2.5, float("nan"), "2.50"),
    ],
)
def test_estimates_as_text(mean, error, text):
    assert written(Estimate(mean, error)) == text


def test_markdown():
    text = markdown([RESULT, SKIPPED])
    assert "| indicator | FID |\n|---|---:|\n| 0 | 8.97 |\n| 18 | 177 |\n| 20 | - |\n" in text
    assert "the paper's:\n\n| indicator | FID |" in text
    assert "| it falls | it does not | no |" in text
    assert "## AgileGAN\n\nIt drifts.\n\nNot measured: there is no model\n" in text


def test_a_further_table_says_what_it_shows():
    """What the first one shows, the setup says."""
    further = dataclasses.replace(RESULT, tables=(TABLE, Table("the steps", ("step", "change"), (("0 to 18", 167.76),))))
    assert "the steps:\n\n| step | change |" in markdown([further])
    assert "<caption>the steps</caption>" in page([further], "Results")


def test_a_page_is_whole():
    class Tags(HTMLParser):
        def __init__(self):
            super().__init__()
            self.open, self.seen = [], []

        def handle_starttag(self, tag, attrs):
            self.seen.append(tag)
            if tag not in ("meta", "img", "path", "circle"):
                self.open.append(tag)

        def handle_startendtag(self, tag, attrs):
            self.seen.append(tag)

        def handle_endtag(self, tag):
            assert self.open.pop() == tag

    text = page([RESULT, SKIPPED], "Results", ["features: ours"])
    tags = Tags()
    tags.feed(text)
    assert not tags.open
    assert [tags.seen.count(tag) for tag in ("table", "svg", "img", "h2")] == [2, 1, 1, 2]
    assert "The &lt;indicator&gt;" in text
    assert "Not measured: there is no model" in text
    assert "http" not in text.replace("http://www.w3.org/2000/svg", ""), "everything is inside the file"
    (data,) = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', text)
    assert Image.open(io.BytesIO(base64.b64decode(data))).size == (30, 20)


def points(drawing):
    root = ElementTree.fromstring(drawing)
    found = [(float(c.get("cx")), float(c.get("cy"))) for c in root.iter("{http://www.w3.org/2000/svg}circle")]
    texts = [t.text for t in root.iter("{http://www.w3.org/2000/svg}text")]
    return found, texts


def test_a_plot_has_a_point_for_each_number():
    found, texts = points(svg(RESULT.plots[0]))
    assert len(found) == 3, "what is not a number is left out"
    assert found[0][0] < found[1][0]
    assert found[0][1] > found[1][1], "larger numbers are higher"
    assert {"latent", "reference", "indicator", "FID", "0", "50", "200"} <= set(texts)


def test_a_plot_is_in_scale():
    found, _ = points(svg(Plot("t", "x", "y", (0.0, 1.0, 2.0), {"a": (0.0, 0.5, 1.0)})))
    (x0, y0), (x1, y1), (x2, y2) = found
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.2)
    assert y0 - y1 == pytest.approx(y1 - y2, abs=0.2)
    assert all(0 < x < 460 and 0 < y < 280 for x, y in found)


def test_standard_errors_are_bars_within_the_plot():
    drawing = svg(Plot("t", "x", "y", (0.0, 1.0), {"a": (1.0, 2.0), "b": (0.0, 0.5)}, {"a": (0.5, float("nan"))}))
    bars = re.findall(r'd="M[0-9.]+ ([0-9.]+)V([0-9.]+)"', drawing)
    assert len(bars) == 1, "only where a standard error is known"
    low, high = map(float, bars[0])
    found, _ = points(drawing)
    assert low > found[0][1] > high
    assert low - found[0][1] == pytest.approx(found[0][1] - high, abs=0.2)


@pytest.mark.parametrize(("line", "ticks"), [((348.0, 734.0), {"0", "800"}), ((600.0, 734.0), {"600", "750"})])
def test_heights_begin_at_0_where_it_is_near(line, ticks):
    """So that twice as high is twice as much."""
    _, texts = points(svg(Plot("t", "x", "y", (0.0, 14.0), {"a": line})))
    assert ticks <= set(texts), texts


@pytest.mark.parametrize("line", [(3.0, 3.0), (float("nan"), float("nan")), (1e-7, -1e-7)])
def test_plots_of_hardly_anything(line):
    found, _ = points(svg(Plot("t", "x", "y", (1.0, 1.0), {"a": line})))
    assert len(found) == sum(isfinite(value) for value in line)
