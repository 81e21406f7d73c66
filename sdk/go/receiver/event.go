package receiver

import (
	"encoding/json"
	"time"
)

// Event is something that happened in an account of Bookora.
type Event struct {
	// ID is the same on each attempt and for each endpoint: remember it to drop what comes twice. That of
	// a sample, which TestEndpoint sends, begins with evt_test_.
	ID string
	// Type is the type's name, such as booking.created.
	Type string
	// CreatedAt is when it happened, to the nanosecond. Events may come out of their order: go by this.
	CreatedAt time.Time
	// Data is a pointer to one of this package's data types ([*CustomerCreated], [*BookingCreated],
	// [*BookingCancelled], [*BookingRescheduled], [*LeadQualified], [*NoShowDetected], [*ReviewCreated],
	// [*WorkflowTriggered]), or a [json.RawMessage] of a JSON object where the type is another: such types
	// are added, by Bookora and by whoever runs the service. Choose by a type switch.
	Data any
	// RawData is the JSON object that Data was read from, fields that this version does not know included.
	RawData json.RawMessage
	// Raw is the whole body.
	Raw []byte
}

// The names of the types that have a data type of their own.
const (
	TypeCustomerCreated    = "customer.created"
	TypeBookingCreated     = "booking.created"
	TypeBookingCancelled   = "booking.cancelled"
	TypeBookingRescheduled = "booking.rescheduled"
	TypeLeadQualified      = "lead.qualified"
	TypeNoShowDetected     = "no_show.detected"
	TypeReviewCreated      = "review.created"
	TypeWorkflowTriggered  = "workflow.triggered"
)

// CustomerCreated is the data of customer.created: a customer was added.
type CustomerCreated struct {
	CustomerID   string
	CustomerName string
	// Email is nil where Bookora has none.
	Email *string
	// Phone is as it was entered; nil where Bookora has none.
	Phone *string
}

// BookingCreated is the data of booking.created: a booking was made.
type BookingCreated struct {
	BookingID    string
	CustomerID   string
	CustomerName string
	Service      string
	StartTime    time.Time
	EndTime      time.Time
	// Price is in units of the account's currency, not in cents.
	Price float64
}

// BookingCancelled is the data of booking.cancelled: a booking was called off.
type BookingCancelled struct {
	BookingID    string
	CustomerID   string
	CustomerName string
	Service      string
	StartTime    time.Time
	EndTime      time.Time
	// Reason is nil where none was given.
	Reason *string
}

// BookingRescheduled is the data of booking.rescheduled: a booking was moved.
type BookingRescheduled struct {
	BookingID         string
	CustomerID        string
	CustomerName      string
	Service           string
	PreviousStartTime time.Time
	PreviousEndTime   time.Time
	StartTime         time.Time
	EndTime           time.Time
}

// LeadQualified is the data of lead.qualified: a lead's score reached the threshold.
type LeadQualified struct {
	LeadID    string
	LeadName  string
	Score     float64
	Threshold float64
	// CustomerID is the customer that the lead became; nil where it became none.
	CustomerID *string
}

// NoShowDetected is the data of no_show.detected: a customer did not come.
type NoShowDetected struct {
	BookingID    string
	CustomerID   string
	CustomerName string
	Service      string
	StartTime    time.Time
	EndTime      time.Time
}

// ReviewCreated is the data of review.created: a customer wrote a review.
type ReviewCreated struct {
	ReviewID     string
	CustomerID   string
	CustomerName string
	// Rating is in stars, 1-5.
	Rating int
	// BookingID is nil where the review is of none.
	BookingID *string
	// Comment is nil where there is none.
	Comment *string
}

// WorkflowTriggered is the data of workflow.triggered: an automation of the account started.
type WorkflowTriggered struct {
	WorkflowID   string
	WorkflowName string
	// Trigger is what started it, such as booking.created or schedule.
	Trigger string
	// CustomerID is nil where it runs for none.
	CustomerID *string
	// BookingID is nil where it runs for none.
	BookingID *string
}
