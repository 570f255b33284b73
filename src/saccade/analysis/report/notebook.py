"""What a notebook shows of a finding and of a strip: HTML in which the run's text is only text.

A notebook typesets what stands between dollar signs in HTML too, so all of it is marked as not to
be typeset. The two class names are those of MathJax 2 and 3, and of 3.2 and later.
"""

from typing import TYPE_CHECKING, Any

from markupsafe import escape

from saccade.analysis.report.text import visible

if TYPE_CHECKING:
    from saccade.analysis.figure import Finding

FIRST_ROWS = 20


def in_notebook(html: str) -> str:
    """HTML that a notebook shows as it is."""
    return f'<div class="saccade-notebook tex2jax_ignore mathjax_ignore">{html}</div>'


def finding_html(finding: "Finding") -> str:
    """The sentence, and the first of its numbers folded away."""
    rows = finding.numbers.head(FIRST_ROWS).map(_text)
    table = rows.to_html(index=False, border=0, float_format="{:.4g}".format)
    more = f", the first {len(rows)} of {len(finding.numbers)} rows"
    counted = more if len(finding.numbers) > len(rows) else ""
    return in_notebook(
        f"<p>{escape(visible(finding.sentence))}</p>"
        f"<details><summary>The numbers{counted}</summary>{table}</details>"
    )


def _text(value: Any) -> Any:
    """Text with its controls made visible; what is no text stays what it is."""
    return visible(value) if isinstance(value, str) else value
