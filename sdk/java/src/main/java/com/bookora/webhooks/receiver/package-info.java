/**
 * Verifies the webhooks that Bookora sends, and reads their events. It needs the JDK and Jackson's
 * core alone: a receiver's program loads no gRPC.
 *
 * <p>A receiver verifies, answers 2xx within 5 seconds, remembers the event's id so as to drop what
 * comes a second time, and does its work afterwards:
 *
 * <pre>{@code
 * var verifier = Verifier.of(System.getenv("BOOKORA_WEBHOOK_SECRET"));
 * ...
 * try {
 *   var event = verifier.verify(body, headers);
 *   if (event.data() instanceof BookingCreated booking) {
 *     System.out.println(booking.customerName());
 *   }
 * } catch (WebhookException refused) {
 *   answer(refused.httpStatus());
 * }
 * }</pre>
 *
 * <p>A request that does not verify is a {@link com.bookora.webhooks.receiver.WebhookException}; a
 * mistake in the receiver's own secrets is an {@link
 * com.bookora.webhooks.receiver.InvalidSecretException}. Neither has a secret or an expected
 * signature in its text, so that both may be logged and shown.
 */
package com.bookora.webhooks.receiver;
