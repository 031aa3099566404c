//! Keeping a small process small after it was large for a moment.

#![cfg_attr(
    all(target_os = "linux", target_env = "gnu"),
    expect(
        unsafe_code,
        reason = "the allocator's settings have no safe interface"
    )
)]

/// The size from which an allocation is given back to the kernel when freed.
///
/// Larger than what is allocated for each frame of output, smaller than what
/// is kept for long or made once.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const GIVEN_BACK_BYTES: libc::c_int = 128 << 10;

/// Makes the allocator give back large blocks and a long free tail at once.
///
/// glibc raises both limits, to 32 and 64 MiB at most, when large blocks come
/// and go; a process that once showed a megabyte to somebody then keeps three.
/// To be called before there is a second thread. Other allocators need no
/// such word; nothing happens there.
pub fn give_back_early() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: mallopt changes two numbers of the allocator; refusing is fine.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, GIVEN_BACK_BYTES);
        libc::mallopt(libc::M_TRIM_THRESHOLD, GIVEN_BACK_BYTES);
    }
}
