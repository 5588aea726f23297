//! Launching `decode_attention.cu`.

use candle_core::{
    CpuStorage, CudaStorage, CustomOp3, DType, Layout, Result, Shape, Storage, Tensor,
    backend::BackendStorage as _,
    bail,
    cuda_backend::{
        CudaDType, CudaDevice, WrapErr as _,
        cudarc::driver::{CudaView, DeviceRepr, LaunchConfig, PushKernelArg as _},
    },
};

const PTX: &str = include_str!(concat!(env!("OUT_DIR"), "/decode_attention.ptx"));

/// Threads of a block, as the kernel has it.
const THREADS: usize = 128;
/// Blocks that keep any of today's cards busy: some for each of its 132 multiprocessors or fewer.
const BLOCKS: usize = 528;
/// Most query heads that share a key, and the dimensions that there are kernels for.
const GROUPS: usize = 8;
const DIMENSIONS: [usize; 2] = [64, 128];

/// Which keys the one row of every sequence sees.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    /// The slots of each sequence's keys in the order of positions: `[sequences, longest]`, `u32`.
    pub(crate) slots: Tensor,
    /// How many of them each has: `[sequences]`, `u32`.
    pub(crate) lengths: Tensor,
    /// The most of them that are seen, from the last; all without.
    pub(crate) window: Option<usize>,
    /// What scores are multiplied with.
    pub(crate) scale: f64,
}

/// What each row reads: `[sequences, heads, head_dim]` as the query, or `None` where there is no kernel for these shapes and numbers.
///
/// `keys` and `values` are a pool, `[key_value_heads, slots, head_dim]`; all contiguous, and none with a gradient.
pub(crate) fn decode_attention(
    query: &Tensor,
    keys: &Tensor,
    values: &Tensor,
    rows: &Rows,
) -> Result<Option<Tensor>> {
    let (_, heads, head_dim) = query.dims3()?;
    let key_value_heads = keys.dim(0)?;
    let known = query.device().is_cuda()
        && matches!(query.dtype(), DType::BF16 | DType::F32)
        && DIMENSIONS.contains(&head_dim)
        && heads / key_value_heads <= GROUPS
        && ![query, keys, values].iter().any(|tensor| tensor.track_op());
    if !known {
        return Ok(None);
    }
    query
        .contiguous()?
        .apply_op3_no_bwd(keys, values, rows)
        .map(Some)
}

impl CustomOp3 for Rows {
    fn name(&self) -> &'static str {
        "decode_attention"
    }

    fn cpu_fwd(
        &self,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        bail!("decode_attention is a kernel of GPUs")
    }

    fn cuda_fwd(
        &self,
        query: &CudaStorage,
        query_layout: &Layout,
        keys: &CudaStorage,
        keys_layout: &Layout,
        values: &CudaStorage,
        values_layout: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        let inputs = [
            (query, query_layout),
            (keys, keys_layout),
            (values, values_layout),
        ];
        match query.dtype() {
            DType::BF16 => self.launch::<half::bf16>("bf16", inputs),
            DType::F32 => self.launch::<f32>("f32", inputs),
            other => bail!("decode_attention has no kernel for {other:?}"),
        }
    }
}

impl Rows {
    fn launch<T: CudaDType + DeviceRepr>(
        &self,
        numbers: &str,
        [query, keys, values]: [(&CudaStorage, &Layout); 3],
    ) -> Result<(CudaStorage, Shape)> {
        let device: &CudaDevice = &query.0.device;
        let (sequences, heads, head_dim) = query.1.shape().dims3()?;
        let (key_value_heads, pool, _) = keys.1.shape().dims3()?;
        let longest = self.slots.dim(1)?;
        let group = heads / key_value_heads;
        // Few sequences are cut into pieces, so that all multiprocessors have some; many are not.
        let wanted = BLOCKS.div_ceil(sequences * key_value_heads);
        let piece_length = longest.div_ceil(wanted).next_multiple_of(THREADS);
        let pieces = longest.div_ceil(piece_length);

        let (slots, slots_layout) = self.slots.storage_and_layout();
        let (lengths, lengths_layout) = self.lengths.storage_and_layout();
        let (Storage::Cuda(slots), Storage::Cuda(lengths)) = (&*slots, &*lengths) else {
            bail!("decode_attention: slots and lengths have to be on the GPU")
        };
        let slots = view::<u32>(slots, slots_layout)?;
        let lengths = view::<u32>(lengths, lengths_layout)?;
        let query = view::<T>(query.0, query.1)?;
        let keys = view::<T>(keys.0, keys.1)?;
        let values = view::<T>(values.0, values.1)?;
        // SAFETY: the first kernel writes every number of the partial results, the second every number of the result, before either
        // is read; all of it on one stream.
        let (partial, result) = unsafe {
            (
                device.alloc::<f32>(sequences * heads * pieces * (head_dim + 2))?,
                device.alloc::<T>(sequences * heads * head_dim)?,
            )
        };
        let [pool, longest, piece_length, window, count] = [
            pool,
            longest,
            piece_length,
            self.window.unwrap_or(0),
            pieces,
        ]
        .map(unsigned);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "scores are single precision"
        )]
        let scale = self.scale as f32;

        let name = format!("attend_{numbers}_{head_dim}_{group}");
        let attend = device.get_or_load_custom_func(&name, "decode_attention", PTX)?;
        let mut arguments = attend.builder();
        arguments.arg(&query).arg(&keys).arg(&values);
        arguments.arg(&slots).arg(&lengths).arg(&partial);
        arguments.arg(&pool).arg(&longest).arg(&piece_length);
        arguments.arg(&window).arg(&scale);
        let shape = LaunchConfig {
            grid_dim: (count, unsigned(key_value_heads), unsigned(sequences)),
            block_dim: (unsigned(THREADS), 1, 1),
            shared_mem_bytes: 0,
        };
        // SAFETY: the arguments are those of the kernel in number, order and type. `view` gives contiguous memory of the shapes that
        // the kernel's first lines state, and slots are below the pool's size: the cache that made them numbers its own.
        unsafe { arguments.launch(shape) }.w()?;

        let name = format!("join_{numbers}_{head_dim}");
        let join = device.get_or_load_custom_func(&name, "decode_attention", PTX)?;
        let mut arguments = join.builder();
        arguments.arg(&partial).arg(&result).arg(&count);
        let shape = LaunchConfig {
            grid_dim: (unsigned(heads), unsigned(sequences), 1),
            block_dim: (unsigned(head_dim), 1, 1),
            shared_mem_bytes: 0,
        };
        // SAFETY: as above; a thread writes one number of the result, which has as many.
        unsafe { arguments.launch(shape) }.w()?;
        let result = CudaStorage::wrap_cuda_slice(result, device.clone());
        Ok((result, Shape::from((sequences, heads, head_dim))))
    }
}

/// A contiguous tensor's memory.
fn view<'a, T: CudaDType>(storage: &'a CudaStorage, layout: &Layout) -> Result<CudaView<'a, T>> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(storage.as_cuda_slice::<T>()?.slice(start..end)),
        None => bail!("decode_attention takes contiguous tensors only"),
    }
}

/// Sizes as kernels take them.
fn unsigned(size: usize) -> u32 {
    u32::try_from(size).expect("pools have fewer than 2^32 positions: they are numbered by u32")
}
