//! The throughput-latency curve of `latency-half`, as SVG: how long deliveries take at each load.

use std::fmt::Write;

use serde_json::Value;

use super::figures::Figures;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 400.0;
/// Around the plot, for what is written there.
const MARGIN: f64 = 60.0;
/// The scale of latencies is logarithmic, from 0.1 ms; this many decades.
const DECADES: u32 = 5;
const COLOURS: [&str; 2] = ["#1f6f8b", "#c8553d"];

/// Draws the curves that are in these figures; an empty plot where there is none.
pub fn draw(all: &[Figures]) -> String {
    let curves: Vec<_> = all
        .iter()
        .filter_map(|figures| Some((figures.db, figures.more.get("curve")?.as_array()?)))
        .collect();
    let rate = |point: &Value| point["deliveries_per_s"].as_f64().unwrap_or_default();
    let fastest = curves.iter().flat_map(|(_, points)| points.iter().map(rate)).fold(1.0, f64::max);
    let mut svg = frame(fastest);
    for ((db, points), colour) in curves.iter().zip(COLOURS) {
        for (percentile, dashes) in [("p50_ms", ""), ("p99_ms", " stroke-dasharray=\"6 4\"")] {
            let line: Vec<String> = points
                .iter()
                .map(|point| {
                    let millis = point[percentile].as_f64().unwrap_or_default();
                    format!("{:.1},{:.1}", x(rate(point), fastest), y(millis))
                })
                .collect();
            let label = percentile.trim_end_matches("_ms");
            let _ = writeln!(
                svg,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"\
                 {dashes}><title>{db} {label}</title></polyline>",
                line.join(" ")
            );
            if let Some(end) = line.last().and_then(|end| end.split_once(',')) {
                let (x, y) = end;
                let _ = writeln!(svg, "<text x=\"{x}\" y=\"{y}\" dx=\"6\">{db} {label}</text>");
            }
        }
    }
    svg + "</svg>\n"
}

fn frame(fastest: f64) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {HEIGHT}\" font-size=\"12\" \
         font-family=\"sans-serif\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
        WIDTH + 2.0 * MARGIN
    );
    for decade in 0..=DECADES {
        let millis = 10_f64.powi(decade.cast_signed() - 1);
        let y = y(millis);
        let _ = writeln!(
            svg,
            "<line x1=\"{MARGIN}\" x2=\"{WIDTH}\" y1=\"{y}\" y2=\"{y}\" stroke=\"#ddd\"/>\
             <text x=\"{}\" y=\"{y}\" text-anchor=\"end\">{millis} ms</text>",
            MARGIN - 6.0
        );
    }
    for quarter in 0..=4 {
        let rate = fastest * f64::from(quarter) / 4.0;
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{rate:.0}</text>",
            x(rate, fastest),
            HEIGHT - MARGIN + 20.0
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">deliveries a second, one endpoint; from the \
         intended time of publishing to the receipt</text>",
        f64::midpoint(MARGIN, WIDTH),
        HEIGHT - 15.0
    );
    svg
}

fn x(rate: f64, fastest: f64) -> f64 {
    MARGIN + (WIDTH - MARGIN) * rate / fastest
}

fn y(millis: f64) -> f64 {
    let decades = millis.max(0.1).log10() + 1.0;
    HEIGHT - MARGIN - (HEIGHT - 2.0 * MARGIN) * decades / f64::from(DECADES)
}
