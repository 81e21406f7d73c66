"""Tests that are coroutines."""

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec

from .service import PATIENCE

P = ParamSpec("P")


def in_loop(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """The test in an event loop of its own, which it leaves without a task."""

    @functools.wraps(test)
    def run(*arguments: P.args, **named: P.kwargs) -> None:
        async def whole() -> None:
            async with asyncio.timeout(2 * PATIENCE):
                await test(*arguments, **named)
            # A task that was cancelled ends with the next step of the loop.
            await asyncio.sleep(0)
            left = asyncio.all_tasks() - {asyncio.current_task()}
            assert not {task for task in left if task.get_name().startswith("bookora")}

        asyncio.run(whole())

    return run
