"""Values per task: tables read strictly, every fault one sentence with its line."""

import dataclasses
import re

import pytest

from marvel.errors import InputError
from marvel.tasks import FILE, TASKS, read_tasks
from workflow import per_task

HEADER = "task\tcritic_lr\tonline_episodes\tsource"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (f"{HEADER}\nBallRum\t1e-3\t\tx\n", "h.tsv line 2 (BallRum): there is no task 'BallRum'; did you mean BallRun"),
        ("task\tcritic_rl\tsource\nBallRun\t1\tx\n", "h.tsv line 1: 'critic_rl' is no column of this table; did you"),
        (f"{HEADER}\nBallRun\t0\t\tx\n", "h.tsv line 2 (BallRun): critic_lr is '0'; it must be a finite number > 0."),
        (f"{HEADER}\nBallRun\t1e-x\t\tx\n", "h.tsv line 2 (BallRun): critic_lr is '1e-x'; it must be"),
        (f"{HEADER}\nBallRun\tnan\t\tx\n", "critic_lr is 'nan'"),
        (f"{HEADER}\nBallRun\t1:30\t\tx\n", "critic_lr is '1:30'"),
        (f"{HEADER}\n\nBallRun\t\t2.5\tx\n", "h.tsv line 3 (BallRun): online_episodes is '2.5'; it must be a whole"),
        (f"{HEADER}\nBallRun\t1\tx\n", "h.tsv line 2 has 3 cells, the header 4; one tab stands between two."),
        (f"{HEADER}\nBallRun\t1\t5\tx\t\n", "h.tsv line 2 has 5 cells, the header 4"),
        (f"{HEADER}\nBallRun  1e-3  5  x\n", "h.tsv line 2 has 1 cells, the header 4"),
        (f"{HEADER}\nBallRun\t1\t\t\n", "h.tsv line 2 (BallRun): source is blank; fill it in."),
        (
            f"{HEADER}\nBallRun\t1\t\tx\nCarRun\t1\t\tx\nBallRun\t2\t\tx\n",
            "h.tsv line 4 (BallRun): the task has a row in line 2 already; keep one.",
        ),
        (HEADER.replace("online_episodes", "critic_lr") + "\n", "h.tsv line 1: the column critic_lr is given twice"),
        ("critic_lr\tsource\n1\tx\n", "h.tsv line 1: the column task is missing"),
        ("task\tcritic_lr\nBallRun\t1\n", "h.tsv line 1: the column source is missing"),
        ("\n", "h.tsv is empty; its first line is a header with task, source."),
        (f"{HEADER}\nBallRun\t1\t\tcafé\n".encode("latin-1"), "h.tsv line 2 is no UTF-8 text; save the file as UTF-8."),
        (f"{HEADER}\n".encode("utf-16"), "h.tsv line 1 is no UTF-8 text"),
        (None, "cannot be read (No such file or directory)."),
    ],
)
def test_table_faults_are_one_sentence_with_the_line(text, sentence, tmp_path):
    if text is not None:
        (tmp_path / "h.tsv").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError, match=re.escape(sentence)) as error:
        per_task.hyperparameters(tmp_path / "h.tsv")
    assert "\n" not in str(error.value)


def test_tables_are_read_as_spreadsheets_and_editors_save_them(tmp_path):
    file = tmp_path / "h.tsv"
    file.write_bytes(f"\ufeff{HEADER} \r\n\r\nBallRun \t 1e-3\t 5e2 \tx \r\n".encode())
    assert per_task.hyperparameters(file) == {"BallRun": {"critic_lr": 1e-3, "online_episodes": 500}}
    assert per_task.tuned_tasks(file) == {"BallRun"}


def test_the_collectors_table_is_checked_by_their_options(tmp_path):
    file = tmp_path / "c.tsv"
    file.write_text("task\tsteps\tnoise\tsource\nBallRun\t0\t\tx\n")
    with pytest.raises(InputError, match=r"c\.tsv line 2 \(BallRun\): steps is '0'; it must be a whole number >= 1"):
        per_task.collect_options(file)
    file.write_text("task\tsteps\tnoise\tsource\nBallRun\t5\t0.1\tx\n")
    with pytest.raises(InputError, match=r"line 2 \(BallRun\): 'noise' is no option of marvel\.datasets\.collect"):
        per_task.collect_options(file)
    file.write_text("task\tsteps\tnoise\tsource\nBallRun\t5\t\tx\neasymean\t\t0.1\tx\n")
    assert per_task.collect_options(file) == {"BallRun": {"steps": 5}, "easymean": {"noise": 0.1}}


@pytest.mark.parametrize(
    ("column", "cell", "sentence"),
    [
        ("suite", "bulet", "suite is 'bulet'; it must be one of bullet, velocity, navigation, metadrive, toy."),
        ("max_episode_steps", "0", "max_episode_steps is '0'; it must be a whole number >= 1."),
        ("observation_dim", "", "observation_dim is blank; fill it in."),
        ("max_return", "nan", "max_return is 'nan'; it must be a finite number."),
        ("max_return", "-1e9", "min_return is 0.0177031010328; it must be less than max_return."),
        ("task", "Ant Circle", "a task's name has letters, digits and _ alone, a letter first."),
        ("task", "AntRun", "(AntRun): the task has a row in line 2 already; keep one."),
    ],
)
def test_faults_of_the_task_table(column, cell, sentence, tmp_path):
    lines = FILE.read_text(encoding="utf-8").splitlines()
    cells = dict(zip(lines[0].split("\t"), lines[1].split("\t"), strict=True)) | {column: cell}
    lines[1] = "\t".join(cells.values())
    (tmp_path / "tasks.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"^tasks\.tsv line \d") as error:
        read_tasks(tmp_path / "tasks.tsv")
    assert sentence.split("0.0177")[0] in str(error.value) and "\n" not in str(error.value)


def test_the_task_table_is_read_as_it_stands():
    assert read_tasks(FILE) == dict(TASKS)
    kinds = {field.name: type(getattr(TASKS["AntCircle"], field.name)) for field in dataclasses.fields(TASKS["Toy"])}
    assert kinds["max_episode_steps"] is int and kinds["min_return"] is kinds["max_cost"] is float
