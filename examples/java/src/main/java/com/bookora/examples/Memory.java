package com.bookora.examples;

import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Remembers the ids of the last events, as many as it is made for. A real receiver keeps them where
 * it keeps what it did with the events, so that a restart forgets none.
 */
final class Memory {
  private final int size;
  private final Set<String> seen = new LinkedHashSet<>();

  Memory(int size) {
    this.size = size;
  }

  synchronized boolean isNew(String id) {
    if (!seen.add(id)) {
      return false;
    }
    if (seen.size() > size) {
      seen.remove(seen.iterator().next());
    }
    return true;
  }
}
