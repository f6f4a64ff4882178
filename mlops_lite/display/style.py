"""The one style sheet: small, without a colour that means something by itself, in light and dark.

Notebooks do not agree on how they say that they are dark. Where an interface sets its theme on an element, the
``color-scheme`` below follows that element; elsewhere the browser's own setting decides. Text and background come from
the same source, so that one is always readable on the other.
"""

from __future__ import annotations

__all__ = ["ROOT", "STYLE"]

ROOT = "mlops"

_DARK = (
    "[data-jp-theme-light=false],.vscode-dark,.vscode-high-contrast,[data-theme=dark],[theme=dark],"
    "[data-md-color-scheme=slate]"
)
_LIGHT = "[data-jp-theme-light=true],.vscode-light,.notebook_app,[data-theme=light],[data-md-color-scheme=default]"

# the class stands twice, for notebooks style tables of their outputs with a specificity of two classes; tones have a
# prefix, for notebooks style .alert themselves
_RULES = """
.M{color-scheme:light dark;--f:var(--jp-ui-font-color1,var(--vscode-editor-foreground,light-dark(#1f2328,#e2e6ea)));
--g:var(--jp-layout-color0,var(--vscode-editor-background,light-dark(#fff,#17191c)));--q:light-dark(#59636e,#a0a8b1);
--l:light-dark(#d8dee4,#3b4148);--ok:light-dark(#116329,#57c46f);--info:light-dark(#0b5cad,#6cb6ff);
--warning:light-dark(#8a5300,#e3a53a);--alert:light-dark(#b42318,#ff8a7a);--one:light-dark(#0b5cad,#6cb6ff);
--two:light-dark(#b35900,#f0a04b);font:13px/1.45 system-ui,sans-serif;color:var(--f);background:var(--g);
padding:.5em .7em;overflow-x:auto;max-width:76em}
:is(DARK) .M{color-scheme:dark}:is(LIGHT) .M{color-scheme:light}
@supports not (color:light-dark(red,red)){.M{--f:#1f2328;--g:#fff;--q:#59636e;--l:#d8dee4;--ok:#116329;
--info:#0b5cad;--warning:#8a5300;--alert:#b42318;--one:#0b5cad;--two:#b35900}}
.M header{display:flex;flex-wrap:wrap;gap:.2em .8em;align-items:baseline;margin-bottom:.3em}
.M p{margin:.25em 0}.M .t{font-weight:600;font-size:1.1em;margin:0}.M .q{color:var(--q)}
.M .b{font-weight:600;white-space:nowrap}.M .t-ok{color:var(--ok)}.M .t-info{color:var(--info)}
.M .t-warning{color:var(--warning)}.M .t-alert{color:var(--alert)}
.M.M table{border-collapse:collapse;margin:.4em 0;font-size:inherit;border:0;color:inherit}
.M.M caption{caption-side:top;text-align:left;color:var(--q);padding:.1em 0}
.M.M :is(th,td){text-align:left;vertical-align:top;padding:.12em 1em .12em 0;border:0;background:none;
white-space:nowrap;font-weight:400}
.M.M .w{white-space:normal;overflow-wrap:anywhere;min-width:16em;max-width:36em}
.M.M tr:is(*,:nth-child(n),:hover){background:none;border:0;border-top:1px solid var(--l)}
.M.M thead th{color:var(--q);font-weight:600}.M.M .n{text-align:right;font-variant-numeric:tabular-nums}
.M details{margin:.3em 0}.M summary{cursor:pointer;font-weight:600}.M details>:not(summary){margin-left:1.1em}
.M pre{font:12px/1.4 ui-monospace,monospace;background:none;color:inherit;border-left:2px solid var(--l);
padding-left:.7em;overflow-x:auto;margin:.4em 0}
.M figure{margin:.5em 0}.M figcaption{color:var(--q)}.M svg{max-width:100%;height:auto;vertical-align:middle}
.M svg text{font:11px system-ui,sans-serif;fill:var(--f)}.M svg .q{fill:var(--q)}
.M svg :is(.ax,.ar,.lim,.s1,.s2,.s3){fill:none}.M .ax{stroke:var(--l)}.M .ar,.M rect{stroke:var(--q)}
.M .s1{stroke:var(--one);stroke-width:1.6}.M .s2{stroke:var(--two);stroke-width:1.6;stroke-dasharray:5 3}
.M .s3{stroke:var(--q);stroke-width:1.6;stroke-dasharray:1.5 2.5}
.M .f1{fill:var(--one);fill-opacity:.3}.M .lim{stroke:var(--alert);stroke-dasharray:2 2}
.M rect{fill:var(--g);rx:5px}.M rect.t-alert{stroke:var(--alert);stroke-width:2}
"""


def _compact() -> str:
    rules = _RULES.replace("DARK", _DARK).replace("LIGHT", _LIGHT).replace(".M", f".{ROOT}")
    return rules.replace("\n", "")


STYLE = _compact()
