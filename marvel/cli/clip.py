"""Drawing a clip: two episodes side by side, their return and cost below."""

import io
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from marvel.cli.scene import Setting, outline
from marvel.files import write_atomically

OFFLINE, TUNED, COST = "#56606B", "#0072B2", "#D03A2B"
COLORS = (OFFLINE, TUNED)
PER_SECOND = 12  # pictures of a GIF
HOLD = 1.5  # seconds on the last one
MOMENTS = 5  # of a strip
DPI = 100


class Picture:
    """The figure of a clip.

    Args:
        clips: One or two episodes (`marvel.cli.watch.Clip`).
        setting: Of their task.
        title: Above it.
        limit: The cost limit.
        columns: Moments side by side (one above the other where views are wide): 1 for a GIF.
    """

    def __init__(self, clips: list, setting: Setting, title: str, limit: float, columns: int = 1):
        self.clips, self.setting, self.limit = clips, setting, limit
        self.longest = max(len(clip.rewards) for clip in clips)
        self.track = self._track()
        square, count = setting.view == "square", len(clips)
        if columns == 1:
            across, down = (count, 1) if square else (1, count)
        else:  # a policy a row, a moment a column; where views are wide the other way round
            across, down = (columns, count) if square else (count, columns)
        wide, high = (3.6, 3.5) if square and columns == 1 else (2.5, 2.5) if square else (7.2 / across**0.3, 1.75)
        self.figure = Figure(figsize=(across * wide, 0.4 + down * high + 1.9), dpi=DPI, layout="constrained")
        self.small, self.laid_out = columns > 1, False
        self.figure.suptitle(
            f"{title}   (red: steps that cost something; dashed: limits)", fontsize=10.5, x=0.02, ha="left"
        )
        above, below = self.figure.subfigures(2, 1, height_ratios=[down * high, 1.9])
        grid = np.array(above.subplots(down, across, squeeze=False))
        self.views = grid.reshape(1, count) if columns == 1 else (grid.T if square else grid)  # [moment][clip]
        self.sums = below.subplots(1, 2)

    def _track(self) -> tuple[float, float]:
        """Least and largest x of all scenes."""
        x = np.array([scene.place[0] for clip in self.clips for scene in clip.scenes])
        return float(x.min()), float(x.max())

    def draw(self, *steps: int) -> None:
        """Show the moments after so many steps; an episode that ended earlier shows its last one."""
        for row, step in zip(self.views, steps, strict=True):
            for axes, clip, color in zip(row, self.clips, COLORS[-len(self.clips) :], strict=True):
                wipe(axes)
                self._view(axes, clip, min(step, len(clip.rewards)), color)
        for axes, name, values in zip(self.sums, ("return", "cost"), ("rewards", "costs"), strict=True):
            wipe(axes)
            self._sum(axes, name, values, steps[-1])

    def _view(self, axes, clip, step: int, color: str) -> None:
        scene, setting = clip.scenes[step], self.setting
        trail = np.array([moment.place for moment in clip.scenes[: step + 1]])
        costly = np.array([i + 1 for i, cost in enumerate(clip.costs[:step]) if cost > 0], int)
        for radius, costs in setting.circles:
            edge = COST if costs else "#9AA3AD"
            axes.add_patch(Circle((0, 0), radius, fill=False, edgecolor=edge, linewidth=1.2, linestyle="--"))
        for y in setting.across:
            axes.axhline(y, color=COST, linewidth=1.2, linestyle="--")
        for x in setting.along:
            axes.axvline(x, color=COST, linewidth=1.2, linestyle="--")
        axes.plot(*trail.T, color=color, linewidth=1.0, alpha=0.5)
        follows = setting.view in ("side", "above")
        if not follows:
            axes.plot(*trail[costly].T, "o", color=COST, markersize=3.2, markeredgewidth=0)
        now = step > 0 and clip.costs[step - 1] > 0
        shapes = [outline(ends, radius) for ends, radius in zip(scene.ends, scene.radii, strict=True)]
        axes.add_collection(
            PolyCollection(shapes, facecolors=COST if now else color, edgecolors="white", linewidths=0.6, zorder=3)
        )
        self._frame(axes, scene.place)
        ended = " (ended)" if step == len(clip.rewards) and step < self.longest else ""
        sums = f"return {sum(clip.rewards[:step]):.0f}, cost {sum(clip.costs[:step]):.0f}"
        axes.set_title(f"{clip.label}{ended}: {sums}", fontsize=8 if self.small else 9.5, loc="left", color=color)
        for side in axes.spines.values():
            side.set(color=COST if now else "#C8CDD2", linewidth=2.4 if now else 0.8)
        if setting.limit is not None and step > 0:
            speed = f"{clip.scenes[step].speed:.2f} m/s, limit {setting.limit:.2f}"
            axes.text(
                0.01, 0.95, speed, transform=axes.transAxes, va="top", fontsize=8, color=COST if now else "#3B434B"
            )
        if now:
            axes.text(0.99, 0.95, "cost", transform=axes.transAxes, ha="right", va="top", color=COST, weight="bold")
        axes.tick_params(labelsize=8)

    def _frame(self, axes, place: np.ndarray) -> None:
        """The visible part, in metres."""
        setting, half = self.setting, self.setting.half
        if setting.view == "square":
            axes.set(xlim=(-half, half), ylim=(-half, half), aspect="equal")
            return
        box = axes.get_window_extent()
        width, low = half * box.width / box.height, -half
        first, last = self.track
        middle = (first + last) / 2 if last - first < 2 * width - 4 * half and setting.view == "track" else place[0]
        if setting.view == "side":
            low = -0.15 * half
            axes.axhline(0, color="#5A626B", linewidth=1.5, zorder=1)
        elif setting.view == "above" or abs(place[1]) > half - 0.6:
            low = place[1] - half
        axes.set(xlim=(middle - width, middle + width), ylim=(low, low + 2 * half))
        axes.xaxis.grid(True, color="#E3E6E9")
        axes.set_axisbelow(True)

    def _sum(self, axes, name: str, values: str, step: int) -> None:
        """Return or cost up to now, of all episodes."""
        top, low = (self.limit if name == "cost" else 0.0), 0.0
        for clip, color in zip(self.clips, COLORS[-len(self.clips) :], strict=True):
            whole = np.concatenate([[0.0], np.cumsum(getattr(clip, values))])
            shown = whole[: step + 1]
            axes.plot(np.arange(len(shown)), shown, color=color, linewidth=2.6 if color == OFFLINE else 1.4)
            axes.plot(len(shown) - 1, shown[-1], "o", color=color, markersize=4)
            top, low = max(top, whole.max()), min(low, whole.min())
        if name == "cost":
            axes.axhline(self.limit, color=COST, linewidth=1.2, linestyle="--")
            axes.annotate(
                f"limit {self.limit:g}", (self.longest, self.limit), ha="right", va="bottom", color=COST, fontsize=8
            )
        pad = 0.08 * (top - low or 1.0)
        axes.set(xlim=(0, 1.015 * self.longest), ylim=(low - pad, top + 2 * pad))
        axes.set_xlabel("step", fontsize=8.5)
        axes.set_title(f"{name} so far", fontsize=9, loc="left")
        axes.tick_params(labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)

    def image(self, *steps: int):
        """The picture of these moments, as Pillow's image; the layout is that of the first one drawn."""
        from PIL import Image

        self.draw(*steps)
        canvas = FigureCanvasAgg(self.figure)
        canvas.draw()
        if not self.laid_out:  # it is now: views that depend on their size are drawn again
            self.figure.set_layout_engine("none")
            self.laid_out = True
            self.draw(*steps)
            canvas.draw()
        return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])


def wipe(axes) -> None:
    """Take away what is drawn; the axes themselves stay, as making their ticks takes longer than all else."""
    for artist in [*axes.lines, *axes.patches, *axes.collections, *axes.texts]:
        artist.remove()


def moments(longest: int, count: int) -> list[int]:
    """So many steps from 0 to the last, evenly; all of them where there are fewer."""
    return sorted({round(step) for step in np.linspace(0, longest, min(count, longest + 1))})


def write_gif(out: Path, clips: list, setting: Setting, title: str, limit: float, frames: int) -> None:
    """Write an animated GIF that stays on its last picture for a while and begins again."""
    picture = Picture(clips, setting, title, limit)
    steps = moments(picture.longest, frames)
    picture.image(steps[-1])  # the layout of the fullest picture is that of all
    images = [picture.image(step).quantize(64, dither=0) for step in steps]
    durations = [round(1000 / PER_SECOND)] * (len(images) - 1) + [round(1000 * HOLD)]
    memory = io.BytesIO()
    images[0].save(memory, format="GIF", save_all=True, append_images=images[1:], duration=durations, loop=0)
    write_atomically(out, memory.getvalue())


def write_strip(out: Path, clips: list, setting: Setting, title: str, limit: float, frames: int = MOMENTS) -> None:
    """Write a PNG of up to `MOMENTS` moments, return and cost below."""
    steps = moments(max(len(clip.rewards) for clip in clips), min(frames, MOMENTS) + 1)[1:]  # not the start
    memory = io.BytesIO()
    Picture(clips, setting, title, limit, len(steps)).image(*steps).save(memory, format="PNG")
    write_atomically(out, memory.getvalue())
