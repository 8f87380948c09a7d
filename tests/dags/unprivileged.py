"""Give up root's right to read everything, so that file permissions bind this process and those it starts."""

import ctypes
import os
from typing import Final

PR_CAPBSET_DROP: Final = 24
CAPABILITIES: Final = (CAP_DAC_OVERRIDE := 1, CAP_DAC_READ_SEARCH := 2)
VERSION_3: Final = 0x20080522


class Header(ctypes.Structure):
    """Of whom capget(2) and capset(2) speak."""

    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class Capabilities(ctypes.Structure):
    """A half of the sets of capabilities."""

    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def drop_privileges() -> None:
    """Drop the capabilities, for this process and for whatever it executes."""
    if os.geteuid() != 0:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header, sets = Header(VERSION_3, 0), (Capabilities * 2)()
    if libc.capget(ctypes.byref(header), sets):
        raise OSError(ctypes.get_errno(), "capget")
    for capability in CAPABILITIES:
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
        sets[0].effective &= ~(1 << capability)
        sets[0].permitted &= ~(1 << capability)
    if libc.capset(ctypes.byref(header), sets):
        raise OSError(ctypes.get_errno(), "capset")
