"""Inversion models: equations and their fit, CNN training, ONNX export, the model card."""
