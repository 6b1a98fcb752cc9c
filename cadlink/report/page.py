"""A page about one network and its training: to send to a colleague.

Everything is in the one file: style and pictures included, no script, nothing fetched (a content
security policy forbids it).
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from html import escape
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cadlink.files import write as write_file
from cadlink.networks.concerned_units import Obstruction, obstruction_of
from cadlink.networks.diagnosis import LABEL, Diagnosis
from cadlink.networks.experiments import plots
from cadlink.networks.readers.layers import Model
from cadlink.networks.verdict import NetworkAnswer, NetworkVerdict

__all__ = ["write"]

MOST_ROWS, MOST_COLUMNS = 30, 10  # of a training set that is shown
_COLOURS = {
    NetworkAnswer.NO_OPTIMUM: "no",
    NetworkAnswer.NOT_CLOSED_ON_CUBE: "no",
    NetworkAnswer.OPTIMUM_GUARANTEED: "yes",
    NetworkAnswer.CLOSED_ON_CUBE: "yes",
}
_QUESTIONS = {
    "a": "Is there some finite training set on which no weights are best?",
    "b": "Are there targets for these inputs for which no weights are best?",
    "c": "Are some weights best on this training set?",
    "d": "Is every continuous function that such networks approach on a cube such a network?",
}
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_STYLE = """
:root { color-scheme: light; --ink: #1c2430; --soft: #5d6b7c; --line: #d8dee6;
  --no: #c2410c; --yes: #0f766e; --open: #64748b; }
* { box-sizing: border-box; }
body { margin: 0; background: #f5f7fa; color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { margin: 2.2rem 0 .5rem; font-size: 1.15rem; }
p { margin: .5rem 0; max-width: 46rem; } .soft { color: var(--soft); font-size: .9rem; }
.verdict { border-left: 6px solid var(--open); background: #fff; border-radius: 6px;
  padding: .8rem 1.1rem; margin: 1rem 0; }
.verdict.no { border-color: var(--no); } .verdict.yes { border-color: var(--yes); }
.verdict b { display: block; font-size: 1.2rem; letter-spacing: .02em; }
.no b { color: var(--no); } .yes b { color: var(--yes); }
.scroll { overflow-x: auto; background: #fff; border: 1px solid var(--line); border-radius: 6px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .7rem; text-align: left; white-space: nowrap; }
th { color: var(--soft); font-weight: 600; border-bottom: 1px solid var(--line); }
td.out, th.out { border-left: 1px solid var(--line); }
ul, ol { padding-left: 1.3rem; max-width: 46rem; } li { margin: .3rem 0; }
figure { margin: 0; }
figure svg { display: block; min-width: 34rem; max-width: 100%; height: auto; margin: auto; }
.run td { white-space: normal; vertical-align: top; } .run td:first-child { white-space: nowrap; }
pre { background: #fff; border: 1px solid var(--line); border-radius: 6px; padding: .7rem .9rem;
  white-space: pre-wrap; overflow-wrap: anywhere; font-size: .85rem; margin: .5rem 0; }
code { white-space: nowrap; font-family: ui-monospace, monospace; font-size: .92em; }
pre code { font: inherit; }
footer { margin-top: 3rem; color: var(--soft); font-size: .85rem; }
@media print { body { background: #fff; } }
"""


def write(
    path: Path,
    source: str,
    model: Model,
    verdict: NetworkVerdict,
    command: str,
    diagnosis: Diagnosis | None = None,
) -> None:
    """Write the page; ``source`` names the model, ``command`` is how the page was made.

    Raises InputError if the file cannot be written, or matplotlib is not installed.
    """
    body = "\n".join(_sections(source, model, verdict, command, diagnosis))
    page = (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">\n'
        f"<title>{escape(source)} - cadlink</title><style>{_STYLE}</style></head>\n"
        f"<body><main>\n{body}\n</main></body></html>\n"
    )
    write_file(path, page, "--report")


def _sections(
    source: str, model: Model, verdict: NetworkVerdict, command: str, diagnosis: Diagnosis | None
) -> Iterable[str]:
    yield f"<h1>{escape(source)}</h1>"
    yield f'<p class="soft">{escape(_QUESTIONS[verdict.question.value])}</p>'
    head, _, rest = verdict.explanation.partition(". ")
    kind = _COLOURS.get(verdict.answer, "open")
    yield f'<div class="verdict {kind}"><b>{escape(head)}</b>{_paragraph(rest)}</div>'
    if verdict.reason:
        yield "<h2>Why there is no answer</h2>" + _list(verdict.reason.split("; "))
    if diagnosis is not None:
        bad = "no" if diagnosis.diverging else "yes"
        yield f'<h2>The run</h2><div class="verdict {bad}">{_paragraph(diagnosis.conclusion)}</div>'
        yield _run(diagnosis.lines())
        if diagnosis.trace is not None:
            yield _figure(plots.pair_figure(diagnosis.trace, diagnosis.pairs[0].units))
    if verdict.advice:
        yield "<h2>What to do, the first thing first</h2>" + _list(verdict.advice, "ol")
    if verdict.obstacles:
        depth = verdict.pattern.depth
        yield "<h2>In the way of a guarantee, the worst layer first</h2>"
        yield _list([obstacle.words(depth) for obstacle in verdict.obstacles])
    yield "<h2>What is taken for granted</h2>" + _list(verdict.assumptions)
    yield "<h2>The network as it was read</h2>" + _layers(model)
    yield _list(model.notes)
    marked = _marked(verdict, diagnosis)
    yield _figure(plots.mask_figure(verdict.pattern, marked, caption=False))
    if marked is not None:
        yield f'<p class="soft">Marked: {escape(marked.words)}.</p>'
    yield from _training_set(verdict)
    proof = "There is no proof to check."
    if verdict.witness is not None:
        proof = f"An independent checker verified the witness of theorem {verdict.theorem}."
        if verdict.holes:
            proof += (
                f" It rests on {len(verdict.holes)} answers of quantifier-elimination programs."
            )
    yield f"<h2>How to reproduce it</h2><pre>{_text(command)}</pre>{_paragraph(proof)}"
    yield f"<footer>cadlink {escape(version('cadlink'))}</footer>"


def _text(text: str) -> str:
    """The text, its options and commands in one piece each."""
    return re.sub(
        r"(?<![^\s(])--[a-z][a-z-]*|&#x27;(cadlink [a-z]+)&#x27;",
        lambda found: f"<code>{found[1] or found[0]}</code>",
        escape(text),
    )


def _paragraph(text: str) -> str:
    return f"<p>{_text(text)}</p>"


def _list(items: Sequence[str], kind: str = "ul") -> str:
    if not items:
        return ""
    return f"<{kind}>" + "".join(f"<li>{_text(item)}</li>" for item in items) + f"</{kind}>"


def _table(rows: Sequence[Sequence[str]], outputs: int = 0) -> str:
    """A table with a heading; its last ``outputs`` columns stand apart."""

    def line(cells: Sequence[str], tag: str) -> str:
        apart = len(cells) - outputs if outputs else -1
        inner = "".join(
            f"<{tag}{' class=out' if place == apart else ''}>{escape(cell)}</{tag}>"
            for place, cell in enumerate(cells)
        )
        return f"<tr>{inner}</tr>"

    body = "".join(line(row, "td") for row in rows[1:])
    return f'<div class="scroll"><table>{line(rows[0], "th")}{body}</table></div>'


def _run(lines: Sequence[str]) -> str:
    """What a run looks like: labels and texts."""
    rows = "".join(
        f"<tr><td>{escape(line[:LABEL].strip())}</td><td>{escape(line[LABEL:])}</td></tr>"
        for line in lines
    )
    return f'<div class="scroll"><table class="run">{rows}</table></div>'


def _layers(model: Model) -> str:
    rows = [["layer", "outputs x inputs", "edges", "density", "bias", "activation"]]
    for layer in model.layers:
        free = int(layer.bias.sum())
        rows.append(
            [
                layer.name,
                f"{layer.mask.shape[0]} x {layer.mask.shape[1]}",
                str(layer.mask.nnz),
                f"{100 * layer.density:.1f} %",
                "all" if free == layer.bias.size else str(free) if free else "none",
                layer.activation + ("" if layer.seen else " (assumed)"),
            ]
        )
    return _table(rows)


def _marked(verdict: NetworkVerdict, diagnosis: Diagnosis | None) -> Obstruction | None:
    """What the picture of the masks marks: the pair of a run, else what the verdict is about."""
    if diagnosis is None or not diagnosis.pairs:
        return obstruction_of(verdict.pattern, verdict)
    pair = diagnosis.pairs[0]
    units: list[tuple[int, ...]] = [() for _ in verdict.pattern.widths]
    below, above = verdict.pattern.layers[pair.layer], verdict.pattern.layers[pair.layer + 1]
    units[pair.layer] = tuple(sorted(set(below[list(pair.units)].indices.tolist())))
    units[pair.layer + 1] = tuple(sorted(pair.units))
    fed = above[:, list(pair.units)].sum(axis=1)
    units[pair.layer + 2] = tuple(int(j) for j in fed.nonzero()[0])
    return Obstruction(tuple(units))


def _training_set(verdict: NetworkVerdict) -> Iterable[str]:
    """The data, if they are ours and few; else how many there are."""
    witness = verdict.witness or {}
    statement = verdict.statement
    if witness.get("X") is not None and witness.get("Y") is not None:
        names = [f"input {k}" for k in witness["inputs"]]
        outputs = [f"output {j}" for j in witness["outputs"]]
        rows = [
            [str(value) for value in (*x, *y)]
            for x, y in zip(witness["X"], witness["Y"], strict=True)
        ]
        yield "<h2>The training set</h2>"
        yield _paragraph(f"{len(rows)} points; all other inputs and targets are 0.")
        if len(names) + len(outputs) <= MOST_COLUMNS:
            yield _table([names + outputs, *rows[:MOST_ROWS]], len(outputs))
            if len(rows) > MOST_ROWS:
                yield f'<p class="soft">The first {MOST_ROWS} points.</p>'
    elif statement is not None and statement.inputs is not None:
        yield "<h2>The training set</h2>"
        widths = verdict.pattern.widths
        yield _paragraph(f"{len(statement.inputs)} points of {widths[0]} numbers, as given.")


def _figure(figure: Any) -> str:
    """A matplotlib figure as SVG inside the page, never too small to read."""
    buffer = io.BytesIO()
    plots.draw(figure, buffer, ".svg")
    text = buffer.getvalue().decode("utf-8")
    svg = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    return f'<div class="scroll"><figure>{svg}</figure></div>'
