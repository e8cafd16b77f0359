//! Draws the data of benchmarks: `data/*.json` becomes `plots/*.svg`.
//!
//! `cargo run --manifest-path benches/Cargo.toml --features plots --bin plot` draws all of them.

use std::error::Error;
use std::path::Path;

use plotters::coord::Shift;
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;
use serde_json::Value;

type Result<T> = std::result::Result<T, Box<dyn Error>>;
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

const FONT: &str = "sans-serif";
const PANEL: (u32, u32) = (560, 420);
const TOP: u32 = 10;
/// The height of a line of the legend.
const LEGEND: u32 = 22;
/// The least end of the axis of ratios: lines near 1 are then in the middle.
const LEAST_TOP: f64 = 1.6;
/// Colours that people with any kind of colour vision can tell apart (Okabe and Ito).
const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(120, 120, 120),
    RGBColor(230, 159, 0),
];

fn main() -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |name: &str| -> Result<Value> {
        let text = std::fs::read_to_string(folder.join("data").join(name))?;
        Ok(serde_json::from_str(&text)?)
    };
    let plots = folder.join("plots");
    let scale = read("scale.json")?;
    draw(
        &plots.join("issuers.svg"),
        &[by_issuers(&scale), by_templates(&scale)],
    )?;
    draw(&plots.join("keys.svg"), &[by_keys(&scale)])?;
    let by_bytes = ["RS256", "ES256"].map(|algorithm| by_bytes(&scale, algorithm));
    draw(&plots.join("bytes.svg"), &by_bytes)?;
    draw(
        &plots.join("tasks.svg"),
        &[throughput(&scale), latency(&scale)],
    )?;
    draw_threads(&plots.join("threads.svg"), &read("threads.json")?)?;
    Ok(())
}

/// Lines over sizes, which are on a logarithmic axis.
struct Panel {
    title: String,
    x: &'static str,
    /// The factor between two lines of the grid.
    x_base: f64,
    y: &'static str,
    y_is_logarithmic: bool,
    lines: Vec<Line>,
}

struct Line {
    name: String,
    points: Vec<(f64, f64)>,
}

fn by_issuers(scale: &Value) -> Panel {
    Panel {
        title: "One validation, by the number of issuers".to_owned(),
        x: "issuers of one Validator",
        x_base: 10.0,
        y: "times the cost with one issuer",
        y_is_logarithmic: false,
        lines: lines(&scale["issuers"], |point| number(&point["ratio"])),
    }
}

fn by_templates(scale: &Value) -> Panel {
    Panel {
        title: "One refusal, by the number of templates".to_owned(),
        x: "templates of one Validator",
        x_base: 10.0,
        y: "times the cost with one template",
        y_is_logarithmic: true,
        lines: lines(&scale["templates"], |point| number(&point["ratio"])),
    }
}

fn by_keys(scale: &Value) -> Panel {
    Panel {
        title: "One validation, by the number of keys".to_owned(),
        x: "keys in the issuer's set",
        x_base: 10.0,
        y: "times the cost with one key",
        y_is_logarithmic: false,
        lines: lines(&scale["keys"], |point| number(&point["ratio"])),
    }
}

fn by_bytes(scale: &Value, algorithm: &str) -> Panel {
    let table = &scale[format!("bytes_{}", algorithm.to_ascii_lowercase())];
    // The first case is the signature, at the smallest size first.
    let unit = number(&table[0]["median_ns"]);
    Panel {
        title: format!("One validation, by the size of the token ({algorithm})"),
        x: "bytes of the token",
        x_base: 2.0,
        y: "signatures of the smallest token",
        y_is_logarithmic: false,
        lines: lines(table, |point| number(&point["median_ns"]) / unit),
    }
}

fn throughput(scale: &Value) -> Panel {
    Panel {
        title: "Validations a second, by tasks at once".to_owned(),
        y: "ratio",
        ..tasks(
            scale,
            [
                ("to one task", "to_one_task"),
                (
                    "to as many tasks that verify the bare signature",
                    "to_bare_signature",
                ),
            ],
        )
    }
}

fn latency(scale: &Value) -> Panel {
    Panel {
        title: "Latency of one validation (p99), by tasks at once".to_owned(),
        y: "ratio",
        ..tasks(
            scale,
            [
                ("to one task", "p99_to_one_task"),
                (
                    "to as many tasks that verify the bare signature",
                    "p99_to_bare_signature",
                ),
            ],
        )
    }
}

fn tasks(scale: &Value, ratios: [(&str, &str); 2]) -> Panel {
    let lines = ratios.map(|(name, member)| Line {
        name: name.to_owned(),
        points: list(&scale["tasks"])
            .map(|point| (number(&point["tasks"]), number(&point[member])))
            .collect(),
    });
    Panel {
        title: String::new(),
        x: "tasks at once, on two workers",
        x_base: 10.0,
        y: "",
        y_is_logarithmic: false,
        lines: lines.into(),
    }
}

/// A line for each case of a table, in the table's order.
fn lines(table: &Value, y: impl Fn(&Value) -> f64) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for point in list(table) {
        let name = point["case"].as_str().unwrap_or_default();
        let at = (number(&point["size"]), y(point));
        match lines.iter_mut().find(|line| line.name == name) {
            Some(line) => line.points.push(at),
            None => lines.push(Line {
                name: name.to_owned(),
                points: vec![at],
            }),
        }
    }
    lines
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// What is no number leaves a gap.
fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

/// Panels next to each other.
fn draw(file: &Path, panels: &[Panel]) -> Result<()> {
    let (width, height) = PANEL;
    let size = (width * panels.len() as u32, height);
    let root = SVGBackend::new(file, size).into_drawing_area();
    root.fill(&WHITE)?;
    let root = root.margin(TOP, 0, 0, 0);
    for (panel, area) in panels.iter().zip(root.split_evenly((1, panels.len()))) {
        draw_panel(&area, panel)?;
    }
    root.present()?;
    Ok(())
}

fn draw_panel(area: &Area<'_>, panel: &Panel) -> Result<()> {
    let area = area.titled(&panel.title, (FONT, 18))?;
    let names = panel.lines.iter().map(|line| line.name.as_str());
    let area = draw_legend(&area, names)?;
    let values = panel.lines.iter().flat_map(|line| &line.points);
    let highest = values.fold(1.0_f64, |highest, (_, y)| highest.max(*y));
    if panel.y_is_logarithmic {
        draw_lines(&area, panel, (0.5..highest * 2.0).log_scale())
    } else {
        draw_lines(&area, panel, 0.0..(highest * 1.15).max(LEAST_TOP))
    }
}

/// A line of text for each name. Gives the area below them.
fn draw_legend<'a, 'n>(area: &Area<'a>, names: impl Iterator<Item = &'n str>) -> Result<Area<'a>> {
    let names: Vec<_> = names.collect();
    let (legend, rest) = area.split_vertically(LEGEND * names.len() as u32);
    for (at, name) in names.into_iter().enumerate() {
        let middle = (LEGEND * at as u32 + LEGEND / 2) as i32;
        let colour = colour(at);
        legend.draw(&PathElement::new(
            [(64, middle), (88, middle)],
            colour.stroke_width(2),
        ))?;
        legend.draw(&Circle::new((76, middle), 4, colour.filled()))?;
        legend.draw(&Text::new(name.to_owned(), (96, middle - 7), (FONT, 14)))?;
    }
    Ok(rest)
}

fn draw_lines<Y>(area: &Area<'_>, panel: &Panel, y: Y) -> Result<()>
where
    Y: AsRangedCoord<Value = f64>,
    Y::CoordDescType: ValueFormatter<f64>,
{
    let sizes = || panel.lines.iter().flat_map(|line| &line.points);
    let least = sizes().fold(f64::INFINITY, |least, (x, _)| least.min(*x));
    let largest = sizes().fold(1.0_f64, |largest, (x, _)| largest.max(*x));
    let x = (least * 0.8..largest * 1.25).log_scale().base(panel.x_base);
    let mut chart = ChartBuilder::on(area)
        .margin(12)
        .margin_right(24)
        .x_label_area_size(44)
        .y_label_area_size(58)
        .build_cartesian_2d(x, y)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(BLACK.mix(0.15))
        .x_desc(panel.x)
        .y_desc(panel.y)
        .axis_desc_style((FONT, 14))
        .label_style((FONT, 13))
        .x_label_formatter(&|size| grouped(*size))
        .y_label_formatter(&|ratio| short(*ratio))
        .draw()?;
    for (at, line) in panel.lines.iter().enumerate() {
        let colour = colour(at);
        let points = || line.points.iter().copied();
        chart.draw_series(LineSeries::new(points(), colour.stroke_width(2)))?;
        // Later points are smaller, so that points at one place all show.
        let radius = 7 - at.min(5) as i32;
        chart.draw_series(points().map(|point| Circle::new(point, radius, colour.filled())))?;
    }
    Ok(())
}

fn colour(at: usize) -> RGBColor {
    COLOURS[at % COLOURS.len()]
}

/// A whole number with commas between thousands.
fn grouped(size: f64) -> String {
    let size = size.round() as u64;
    if size < 1_000 {
        return size.to_string();
    }
    format!("{},{:03}", size / 1_000, size % 1_000)
}

/// Without zeros at the end.
fn short(ratio: f64) -> String {
    let text = format!("{ratio:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Bars: what two threads do, to one.
fn draw_threads(file: &Path, threads: &Value) -> Result<()> {
    const BAR: f64 = 0.36;
    let algorithms = ["RS256", "ES256"];
    let of = |algorithm: &str| -> Vec<_> {
        let own = list(&threads["first_sights"]).filter(|point| point["algorithm"] == algorithm);
        own.collect()
    };
    let cases = of(algorithms[0]);
    let count = cases.len() as f64;
    let root = SVGBackend::new(file, (PANEL.0 + 200, PANEL.1)).into_drawing_area();
    root.fill(&WHITE)?;
    let area = root.margin(TOP, 0, 0, 0);
    let area = area.titled("What two threads do in the time of one", (FONT, 18))?;
    let area = draw_legend(&area, algorithms.into_iter())?;
    let mut chart = ChartBuilder::on(&area)
        .margin(12)
        .margin_right(24)
        .x_label_area_size(44)
        .y_label_area_size(290)
        .build_cartesian_2d(0.0..2.2, 0.0..count)?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(BLACK.mix(0.15))
        .x_desc("validations, or signatures, to those of one thread")
        .axis_desc_style((FONT, 14))
        .label_style((FONT, 13))
        .y_labels(0)
        .draw()?;
    for (at, algorithm) in algorithms.into_iter().enumerate() {
        let bars = of(algorithm).into_iter().enumerate().map(|(row, point)| {
            let top = count - row as f64 - 0.5 + BAR * (1.0 - at as f64);
            let corners = [(0.0, top), (number(&point["speed_up"]), top - BAR)];
            Rectangle::new(corners, colour(at).filled())
        });
        chart.draw_series(bars)?;
    }
    for (row, point) in cases.into_iter().enumerate() {
        let name = point["case"].as_str().unwrap_or_default().to_owned();
        let (x, y) = chart.backend_coord(&(0.0, count - row as f64 - 0.5));
        root.draw(&Text::new(name, (x - 286, y - 7), (FONT, 14)))?;
    }
    root.present()?;
    Ok(())
}
