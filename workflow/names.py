"""Names of methods as tables and figures print them, and the one order in which they list them."""

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
    "multiplier_from_0_65": "first multiplier 0.65",
    "multiplier_from_150": "first multiplier 150",
    "rlpd_lag": "RLPD-Lag",
    "wsrl_lag": "WSRL-Lag",
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
}


def label(name: str, given: dict[str, str] | None = None) -> str:
    """What a method is called in print: as its entry says, else as the paper says, else as its entry is named.

    Args:
        name: Of the method's entry.
        given: {name: label} of the entries that say one.
    """
    return (given or {}).get(name) or LABELS.get(name, name)


def order(methods: list[str], first: list[str] | None = None) -> list[str]:
    """Methods in the order of `first`, then of `LABELS`, then others by name: one order everywhere."""
    known = list(dict.fromkeys([*(first or []), *LABELS]))
    return sorted(set(methods), key=lambda name: (known.index(name) if name in known else len(known), name))
