//! All kinds of pictures of one multiplier, for a page that shows them together.

use std::f64::consts::SQRT_2;

use super::{EnvelopePicture, Strip, diagram, draw_envelope, draw_slice, draw_strip, draw_surface};
use crate::envelope::error::EnvelopeError;
use crate::envelope::family::Family;
use crate::envelope::parameters::Multiplier;
use crate::envelope::singularity::{Region, Unfolding, rational_lines};
use crate::envelope::slice::{SliceRequest, slice};

/// Cells along each side of the atlas's slice.
const CELLS: usize = 160;

/// Words and SVG of every kind of picture; m must not be 0, 1 or -1.
///
/// # Errors
///
/// Where one circle has no envelope, there is no atlas.
pub fn atlas(
    multiplier: Multiplier,
    region: Region,
) -> Result<Vec<(String, String)>, EnvelopeError> {
    let m = multiplier;
    if m.p() == 0 || m.p().abs() == m.q() {
        return Err(EnvelopeError::Degenerate {
            action: "draw an atlas of",
            reason: "for m = 0, 1 and -1 the lines of one circle have none".to_owned(),
        });
    }
    let radius = f64::midpoint(region.r[0], region.r[1]) / SQRT_2;
    let envelope = |family: Family, words: &str| {
        let picture = EnvelopePicture {
            chords: 240,
            asymptotes: true,
            half: None,
        };
        let title = format!("m = {m}, {words}");
        (title.clone(), draw_envelope(family, &title, picture))
    };
    let mut pictures = vec![
        envelope(Family::new(m, 0.0, 0.0, 1.0), "one circle"),
        envelope(
            Family::new(m, 0.0, 0.0, radius),
            &format!("concentric circles, radius {radius:.3}"),
        ),
        envelope(
            Family::new(m, 0.31, -0.17, radius),
            &format!("centre (0.31, -0.17), radius {radius:.3}"),
        ),
        (
            format!("m = {m}: cusps and points at infinity of concentric circles, by radius"),
            diagram(m, &format!("m = {m}, concentric circles")),
        ),
    ];
    if let Some(strip) = through_a_swallowtail(m, radius) {
        let title = format!("m = {m}, a swallowtail opens");
        pictures.push((title.clone(), draw_strip(&strip, &title)));
    }
    let request = SliceRequest {
        multiplier: m,
        r: radius,
        a: region.a,
        b: region.b,
        size: [CELLS, CELLS],
    };
    let title = format!("m = {m}, centres for radius {radius:.3}");
    pictures.push((title.clone(), draw_slice(&slice(request, &|| ())?, &title)));
    let title = format!("m = {m}: all swallowtails");
    pictures.push((title.clone(), draw_surface(m, region, &title)));
    Ok(pictures)
}

/// Four families across the wall at a swallowtail on a circle, the centre moving along the gradient of E.
fn through_a_swallowtail(multiplier: Multiplier, radius: f64) -> Option<Strip> {
    let line = rational_lines(multiplier).into_iter().next()?;
    let [a, b] = line.centre(radius);
    let family = Family::new(multiplier, a, b, radius);
    let [[across, up, _], _] = Unfolding::new(&family, line.u).gradients();
    let size = across.hypot(up);
    let focus = if line.on_unit_circle {
        family.first_point(line.u)
    } else {
        family.second_point(line.u)
    };
    let families = [-0.05, 0.0, 0.05, 0.1].map(|step| {
        let (a, b) = (a + step * across / size, b + step * up / size);
        let words = format!("(a, b, r) = ({a:.4}, {b:.4}, {radius:.4})");
        (Family::new(multiplier, a, b, radius), words)
    });
    Some(Strip {
        families: families.to_vec(),
        focus,
        inset: 0.2,
        chords: 90,
    })
}
