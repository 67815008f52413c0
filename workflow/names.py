"""Names of methods as tables, figures and the page print them, and the one order in which they list them."""

import re
from collections.abc import Container, Mapping

# The paper's names, where it has one; a method's entry in a config may give another: `label: PEX, cost-aware`.
LABELS = {
    "marvel": "Marvel",
    "marvel_official": "Marvel, published form",
    "warm_start": "Warm Start",
    "warm_start_official": "Warm Start, published form",
    "from_scratch": "From scratch",
    "from_scratch_tuned": "From scratch, tuned",
    "jsrl": "JSRL",
    "jsrl_gated": "JSRL, gated",
    "pex": "PEX",
    "pex_original": "PEX, original",
    "pex_cost_aware": "PEX, cost-aware",
    "so2": "SO2",
    "so2_original": "SO2, original",
    "vpa_dual_ascent": "VPA + dual ascent",
    "vpa_dual_ascent_official": "VPA + dual ascent, published form",
    "apid_only": "aPID without VPA",
    "vpa_pid": "VPA + fixed PID",
    "vpa_pid_official": "VPA + fixed PID, published form",
    "pid_bounded": "VPA + bounded PID",
    "fixed_multiplier": "VPA + fixed multiplier",
    "q_from_scratch": "Q from scratch",
    "no_bonus": "VPA without bonus",
    "symmetric_bonus": "VPA, symmetric bonus",
    "large_symmetric_bonus": "VPA, large symmetric bonus",
    "large_asymmetric_bonus": "VPA, large asymmetric bonus",
    "apid_bounded": "Marvel, bounded aPID",
    "once_a_round": "Marvel, one multiplier step a round",
    "multiplier_from_0_1": "first multiplier 0.1",
    "multiplier_from_0_65": "first multiplier 0.65",
    "multiplier_from_10": "first multiplier 10",
    "multiplier_from_150": "first multiplier 150",
    "warm_start_dual_ascent": "Warm Start, dual ascent",
    "from_scratch_dual_ascent": "From scratch, dual ascent",
    "jsrl_dual_ascent": "JSRL, dual ascent",
    "pex_dual_ascent": "PEX, dual ascent",
    "so2_dual_ascent": "SO2, dual ascent",
    "marvel_limit10": "Marvel, limit 10",
    "marvel_limit40": "Marvel, limit 40",
    "warm_start_limit10": "Warm Start, limit 10",
    "warm_start_limit40": "Warm Start, limit 40",
    "from_scratch_limit10": "From scratch, limit 10",
    "from_scratch_limit40": "From scratch, limit 40",
    "jsrl_official": "JSRL, published form",
    "pex_official": "PEX, published form",
    "so2_official": "SO2, published form",
    "rlpd_lag": "RLPD-Lag",
    "rlpd_lag_equal": "RLPD-Lag, equal updates",
    "wsrl_lag": "WSRL-Lag",
    "wsrl_lag_equal": "WSRL-Lag, equal updates",
    "marvel_often": "Marvel, an update a step",
    "warm_start_often": "Warm Start, an update a step",
    "from_scratch_often": "From scratch, an update a step",
    "cal_ql_lag": "Cal-QL-Lag",
    "marvel_bear": "Marvel (BEAR-Lag)",
    "warm_start_bear": "Warm Start (BEAR-Lag)",
    "jsrl_bear": "JSRL (BEAR-Lag)",
    "pex_bear": "PEX (BEAR-Lag)",
    "so2_bear": "SO2 (BEAR-Lag)",
    "marvel_bc_safe": "Marvel (BC-Safe)",
    "warm_start_bc_safe": "Warm Start (BC-Safe)",
    "marvel_long": "Marvel, long offline stage",
    "warm_start_long": "Warm Start, long offline stage",
    "offline_only": "Offline policy",
    "offline_only_long": "Offline policy, long stage",
    "bc": "BC",
    "bc_safe": "BC-Safe",
    "bear": "BEAR-Lag",
    "cpq": "CPQ",
    "cpq_official": "CPQ, published form",
    "cpq_long": "CPQ, long",
    "cpq_whole": "CPQ, whole data",
    "cpq_timeouts": "CPQ, time limits as ends",
    "step_1_data": "Step 1: data kept whole",
    "step_2_limit": "Step 2: CPQ's cost limit",
    "step_3_trunk": "Step 3: last activation",
    "step_4_critic": "Step 4: cost critic whole",
    "step_5_optimizer": "Step 5: fresh optimiser",
    "step_6_timeouts": "Step 6: time limits",
    "step_7_log_prob": "Step 7: log-probability",
    "step_8_target": "Step 8: target's entropy",
    "step_9_critics": "Step 9: live critics",
    "step_10_bonus": "Step 10: VPA's bonuses",
    "step_11_gains": "Step 11: aPID's gains",
    "step_12_excess": "Step 12: bounded excess",
    "step_13_tanh": "Step 13: fading term",
}


def label(name: str, given: Mapping[str, str] | None = None) -> str:
    """What a method is called in print: as its entry says, else as the paper says, else as its entry is named.

    Args:
        name: Of the method's entry.
        given: {name: label} of the entries that say one.
    """
    return (given or {}).get(name) or LABELS.get(name, name)


def named(text: str, given: Mapping[str, str] | None = None, methods: Container[str] = ()) -> str:
    """Text in which each method stands by its label: sentences and tables are written with `entries` in backquotes.

    Args:
        text: Markdown. What else it has in backquotes, such as a file, stays as it is.
        given: As in `label`.
        methods: Entries that lose their backquotes though they have no label.
    """

    def of(found: re.Match) -> str:
        text = label(found[1], given)
        return text if text != found[1] or found[1] in methods else found[0]

    return re.sub(r"`(\w+)`", of, text)


def quoted(text: str) -> str:
    """A sentence of the claims, whose rules name entries of `LABELS`, with these in backquotes, for `named`."""
    return re.sub(r"(?<![\w`-])[a-z]\w*(?![\w`-])", lambda word: f"`{word[0]}`" if word[0] in LABELS else word[0], text)


def in_words(part: str) -> str:
    """What a part of a claim compares, `a - b` or `name (a - b)`, with its entries in backquotes."""
    name, bracket, compared = part.rpartition(" (")
    return name + bracket + quoted(compared).replace("` - `", "` minus `")


def order(methods: list[str], first: list[str] | None = None) -> list[str]:
    """Methods in the order of `first`, then of `LABELS`, then others by name: one order everywhere."""
    known = list(dict.fromkeys([*(first or []), *LABELS]))
    return sorted(set(methods), key=lambda name: (known.index(name) if name in known else len(known), _natural(name)))


def _natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts `step_2` before `step_10`."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name)]


def label_words(given: Mapping[str, str]) -> list[str]:
    """The words of a command line that say which entries have a label of their own; none if none has."""
    return ["--labels", *(f"{name}={text}" for name, text in given.items())] if given else []


def add_labels(parser) -> None:
    """Give an argparse parser the option of `label_words`, read by `labels_of`."""
    parser.add_argument("--labels", nargs="+", default=[], metavar="METHOD=LABEL", help="other names in print")


def labels_of(words: list[str]) -> dict[str, str]:
    """{name: label} from the words after --labels."""
    return dict(word.partition("=")[::2] for word in words)
