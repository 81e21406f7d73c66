package webhooks

import (
	"context"
	"errors"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/bookora/webhooks/sdk/go/webhooksv1"
)

// The service's own errors have it; those of a connection or a proxy have not.
const errorDomain = "webhooks.bookora"

// ErrorDetails is what an error of a call says to a program. Decide by Reason or Code, never by the text.
type ErrorDetails struct {
	// Code is [codes.OK] for no error.
	Code codes.Code
	// Reason is one of the service's own, such as INVALID_FIELDS, also where this SDK does not know it yet.
	// Empty where the error is not the service's: it is the connection's, say.
	Reason string
	// KnownReason is Reason where this SDK knows it, else ERROR_REASON_UNSPECIFIED.
	KnownReason webhooksv1.ErrorReason
	// Metadata is what the service says beside, such as the incident_id of an INTERNAL.
	Metadata map[string]string
	// FieldViolations has the path and the description of each bad field, at most 25.
	FieldViolations []*errdetails.BadRequest_FieldViolation
	// RetryDelay is when to come back, at the soonest; 0 where the service does not say.
	RetryDelay time.Duration
	// Resource is what the error is about, such as the endpoint that is not found; nil for none.
	Resource *errdetails.ResourceInfo
	// PreconditionViolations is what has to be otherwise first.
	PreconditionViolations []*errdetails.PreconditionFailure_Violation
	// QuotaViolations is what is used up.
	QuotaViolations []*errdetails.QuotaFailure_Violation
}

// DetailsOf reads the details of an error that a call returned, wrapped or not. Of any other error it has
// the code alone.
func DetailsOf(err error) ErrorDetails {
	said := statusOf(err)
	read := ErrorDetails{Code: said.Code()}
	for _, detail := range said.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			if detail.GetDomain() == errorDomain {
				read.Reason, read.Metadata = detail.GetReason(), detail.GetMetadata()
				read.KnownReason = webhooksv1.ErrorReason(
					webhooksv1.ErrorReason_value["ERROR_REASON_"+detail.GetReason()])
			}
		case *errdetails.BadRequest:
			read.FieldViolations = detail.GetFieldViolations()
		case *errdetails.RetryInfo:
			read.RetryDelay = detail.GetRetryDelay().AsDuration()
		case *errdetails.ResourceInfo:
			read.Resource = detail
		case *errdetails.PreconditionFailure:
			read.PreconditionViolations = detail.GetViolations()
		case *errdetails.QuotaFailure:
			read.QuotaViolations = detail.GetViolations()
		}
	}
	return read
}

// ResultOf is what came of one request of a batch: its response, or its error as [Client.Publish] would
// have returned it.
func ResultOf(result *webhooksv1.PublishEventResult) (*webhooksv1.PublishEventResponse, error) {
	if refused := result.GetError(); refused != nil {
		return nil, status.ErrorProto(refused)
	}
	if published := result.GetPublished(); published != nil {
		return published, nil
	}
	return nil, status.Error(codes.Internal, "the service sent a result that is neither published nor an error")
}

func statusOf(err error) *status.Status {
	said, isStatus := status.FromError(err)
	if !isStatus && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		return status.FromContextError(err)
	}
	return said
}
