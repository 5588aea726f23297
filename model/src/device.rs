//! Where a model computes, and in what numbers: one setting for weights, caches and everything between.

use std::{fmt, str::FromStr};

use candle_core::{DType, Device};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::{Error, Result};

/// Where a model is to compute, as it is written in settings: `auto`, `cpu`, `cuda` or `cuda:N`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// On the first GPU where this program was built for GPUs and one answers, on the CPU otherwise.
    #[default]
    Auto,
    /// On the processor.
    Cpu,
    /// On the GPU of this number.
    Cuda(usize),
}

/// The numbers that a model computes in, as they are written in settings: `f64`, `f32`, `f16` or `bf16`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NumberFormat(pub DType);

impl DeviceChoice {
    /// Opens the device; of GPUs this is where a missing driver or card shows.
    pub fn open(self) -> Result<Device> {
        match self {
            Self::Cpu => Ok(Device::Cpu),
            Self::Cuda(number) => cuda(number),
            Self::Auto if !BUILT_FOR_CUDA => Ok(Device::Cpu),
            Self::Auto => Ok(cuda(0).unwrap_or_else(|reason| {
                tracing::info!(%reason, "no GPU; computing on the CPU");
                Device::Cpu
            })),
        }
    }
}

/// Whether this program can compute on NVIDIA GPUs at all.
pub const BUILT_FOR_CUDA: bool = cfg!(feature = "cuda");

fn cuda(number: usize) -> Result<Device> {
    let failed = |reason: String| Error::Device {
        asked: format!("cuda:{number}"),
        reason,
    };
    if !BUILT_FOR_CUDA {
        return Err(failed(
            "this program was built for the CPU only; scripts/build-cuda builds one for GPUs (docs/GPU.md)".into(),
        ));
    }
    // The driver's functions panic in cudarc where the driver is there but too old to have them.
    let opened = std::panic::catch_unwind(|| Device::new_cuda(number));
    match opened {
        Ok(Ok(device)) => Ok(device),
        Ok(Err(error)) => Err(failed(format!(
            "{error}; `nvidia-smi` shows which GPUs there are and whether the driver works"
        ))),
        Err(_) => Err(failed(
            "the CUDA libraries panicked, their message is on stderr; is the driver new enough (docs/GPU.md)?".into(),
        )),
    }
}

/// What a model computes in where nobody says: single precision on the CPU, bfloat16 on a GPU.
pub fn usual_numbers(device: &Device) -> DType {
    if device.is_cpu() {
        DType::F32
    } else {
        DType::BF16
    }
}

impl FromStr for DeviceChoice {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let number = match text {
            "auto" => return Ok(Self::Auto),
            "cpu" => return Ok(Self::Cpu),
            "cuda" => Some(0),
            other => other.strip_prefix("cuda:").and_then(|n| n.parse().ok()),
        };
        number.map(Self::Cuda).ok_or_else(|| Error::Device {
            asked: text.to_owned(),
            reason: "it is none of auto, cpu, cuda and cuda:N".into(),
        })
    }
}

impl<'de> Deserialize<'de> for DeviceChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

impl Serialize for DeviceChoice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => formatter.write_str("auto"),
            Self::Cpu => formatter.write_str("cpu"),
            Self::Cuda(number) => write!(formatter, "cuda:{number}"),
        }
    }
}

impl FromStr for NumberFormat {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let dtype = match text {
            "f64" => DType::F64,
            "f32" => DType::F32,
            "f16" => DType::F16,
            "bf16" => DType::BF16,
            _ => {
                return Err(Error::Device {
                    asked: text.to_owned(),
                    reason: "it is none of the number formats f64, f32, f16 and bf16".into(),
                });
            }
        };
        Ok(Self(dtype))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_is_written() {
        for text in ["auto", "cpu", "cuda:0", "cuda:7"] {
            assert_eq!(text.parse::<DeviceChoice>().unwrap().to_string(), text);
        }
        assert_eq!(
            "cuda".parse::<DeviceChoice>().unwrap(),
            DeviceChoice::Cuda(0)
        );
        for text in ["", "gpu", "cuda:", "cuda:x", "cuda:-1", "CPU"] {
            let error = text.parse::<DeviceChoice>().unwrap_err().to_string();
            assert!(error.contains("none of auto, cpu, cuda"), "{text}: {error}");
        }
        assert!("int8".parse::<NumberFormat>().is_err());
    }

    #[test]
    #[cfg(not(feature = "cuda"))]
    fn a_program_without_gpus_says_what_to_build_and_auto_takes_the_processor() {
        let error = DeviceChoice::Cuda(1).open().unwrap_err().to_string();
        assert!(
            error.contains("cuda:1") && error.contains("scripts/build-cuda"),
            "{error}"
        );
        assert!(DeviceChoice::Auto.open().unwrap().is_cpu());
    }
}
