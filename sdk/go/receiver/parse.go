package receiver

// Parse reads the event in a body whose signature was verified before, such as one that was stored. A
// body that is not an event is an [*Error] with [MalformedBody].
func Parse(body []byte) (*Event, error) {
	event, malformed := parse(body)
	if malformed != nil {
		return nil, malformed
	}
	return event, nil
}

func parse(body []byte) (*Event, *Error) {
	envelope := objectOf("", body)
	if envelope.malformed != nil {
		return nil, envelope.malformed
	}
	event := &Event{
		Type:      envelope.text("event"),
		ID:        envelope.text("id"),
		CreatedAt: envelope.time("created_at"),
		RawData:   envelope.raw("data"),
		Raw:       body,
	}
	if envelope.malformed != nil {
		return nil, envelope.malformed
	}
	data := objectOf("data", event.RawData)
	if data.malformed == nil {
		event.Data = readData(event.Type, data)
	}
	if data.malformed != nil {
		return nil, data.malformed
	}
	if event.Data == nil {
		event.Data = event.RawData
	}
	return event, nil
}

// readData is nil for a type that is not known here.
func readData(eventType string, data *object) any {
	switch eventType {
	case TypeCustomerCreated:
		return &CustomerCreated{
			CustomerID: data.text("customer_id"), CustomerName: data.text("customer_name"),
			Email: data.optionalText("email"), Phone: data.optionalText("phone"),
		}
	case TypeLeadQualified:
		return &LeadQualified{
			LeadID: data.text("lead_id"), LeadName: data.text("lead_name"),
			Score: data.number("score"), Threshold: data.number("threshold"),
			CustomerID: data.optionalText("customer_id"),
		}
	case TypeReviewCreated:
		return &ReviewCreated{
			ReviewID: data.text("review_id"), CustomerID: data.text("customer_id"),
			CustomerName: data.text("customer_name"), Rating: data.integer("rating"),
			BookingID: data.optionalText("booking_id"), Comment: data.optionalText("comment"),
		}
	case TypeWorkflowTriggered:
		return &WorkflowTriggered{
			WorkflowID: data.text("workflow_id"), WorkflowName: data.text("workflow_name"),
			Trigger: data.text("trigger"), CustomerID: data.optionalText("customer_id"),
			BookingID: data.optionalText("booking_id"),
		}
	default:
		return readBooking(eventType, data)
	}
}

// readBooking reads the types that are about an appointment.
func readBooking(eventType string, data *object) any {
	switch eventType {
	case TypeBookingCreated:
		return &BookingCreated{
			BookingID: data.text("booking_id"), CustomerID: data.text("customer_id"),
			CustomerName: data.text("customer_name"), Service: data.text("service"),
			StartTime: data.time("start_time"), EndTime: data.time("end_time"), Price: data.number("price"),
		}
	case TypeBookingCancelled:
		return &BookingCancelled{
			BookingID: data.text("booking_id"), CustomerID: data.text("customer_id"),
			CustomerName: data.text("customer_name"), Service: data.text("service"),
			StartTime: data.time("start_time"), EndTime: data.time("end_time"),
			Reason: data.optionalText("reason"),
		}
	case TypeBookingRescheduled:
		return &BookingRescheduled{
			BookingID: data.text("booking_id"), CustomerID: data.text("customer_id"),
			CustomerName: data.text("customer_name"), Service: data.text("service"),
			PreviousStartTime: data.time("previous_start_time"), PreviousEndTime: data.time("previous_end_time"),
			StartTime: data.time("start_time"), EndTime: data.time("end_time"),
		}
	case TypeNoShowDetected:
		return &NoShowDetected{
			BookingID: data.text("booking_id"), CustomerID: data.text("customer_id"),
			CustomerName: data.text("customer_name"), Service: data.text("service"),
			StartTime: data.time("start_time"), EndTime: data.time("end_time"),
		}
	default:
		return nil
	}
}
