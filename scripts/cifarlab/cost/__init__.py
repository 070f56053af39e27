"""What a model needs: parameters, sizes, multiply-adds, speed, memory."""
