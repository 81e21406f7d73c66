package com.bookora.webhooks.receiver;

/**
 * The data of a type that this version does not know.
 *
 * @param json a JSON object, as it came
 */
public record UnknownData(String json) implements EventData {}
