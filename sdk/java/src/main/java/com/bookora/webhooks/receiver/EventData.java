package com.bookora.webhooks.receiver;

/**
 * What happened: one of this package's records, or {@link UnknownData}. Choose by {@code
 * instanceof}, and pass over what you do not know: types are added, by Bookora and by whoever runs
 * the service. That is why the interface is not sealed.
 */
public interface EventData {}
