package handlers

// OperationNames lets tests compare the names of the audit page with the operations there are.
var OperationNames = operationNames
