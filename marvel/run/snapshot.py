"""State as bytes: the same state gives the same bytes, and a snapshot notices every one that changed."""

import hashlib
import io

import torch


def tensor_bytes(state: dict) -> bytes:
    """What torch.save writes, through memory: saving to a path would put the path's stem into the bytes."""
    memory = io.BytesIO()
    torch.save(state, memory)
    return memory.getvalue()


def sealed(state: dict) -> bytes:
    """`tensor_bytes`, headed by their SHA-256: torch checks no sum, and loads most flipped bits without a word."""
    content = tensor_bytes(state)
    return hashlib.sha256(content).digest() + content


def unsealed(content: bytes) -> dict | None:
    """The state in what `sealed` wrote; None if a byte is not as it was."""
    digest, content = content[:32], content[32:]
    if hashlib.sha256(content).digest() != digest:
        return None
    return torch.load(io.BytesIO(content), weights_only=True)
